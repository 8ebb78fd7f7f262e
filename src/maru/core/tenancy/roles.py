"""The role behind functions that look across organizations."""

# Roles belong to the whole server, so another database of it may have made this one, even at this very moment.
CREATE_SCANNER = """
do $$ begin
  if not exists (select from pg_roles where rolname = 'maru_scanner') then
    begin
      create role maru_scanner nologin;
    exception when duplicate_object or unique_violation then null;
    end;
  end if;
  if not pg_has_role(current_user, 'maru_scanner', 'usage') or
     (current_setting('server_version_num')::int >= 160000 and not pg_has_role(current_user, 'maru_scanner', 'set')) then
    execute format('grant maru_scanner to %I', current_user);
  end if;
end $$;
grant usage, create on schema public to maru_scanner;
"""
