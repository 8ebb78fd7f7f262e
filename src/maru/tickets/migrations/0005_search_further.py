import importlib

from django.db import migrations

# When the newest rows do not fill the page, a sample of all others tells which way is cheaper: words that are frequent
# there (thousands of alike tickets have just come in) are found by walking on, rare ones by the index.
FIND = r"""
create or replace function find_tickets(pieces text[], before_id bigint, lim int, deep boolean) returns setof bigint
language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  organization constant bigint := nullif(current_setting('maru.organization_id', true), '')::bigint;
  upper_id bigint := coalesce(before_id, 9223372036854775807);
  newest constant int := 5000;
  furthest constant int := 60000;
  walked int := 0;
  found int := 0;
  oldest bigint;
  sampled int;
  one bigint;
  test text;
  query text;
begin
  if organization is null or coalesce(array_length(pieces, 1), 0) = 0 then
    return;
  end if;
  select string_agg('(' || conditions || ')', ' and ') into test
    from (select p.n, string_agg(format('strpos(norm, %L) > 0', a), ' or ') conditions
            from unnest(pieces) with ordinality p(piece, n), unnest(string_to_array(p.piece, '|')) a
           group by p.n order by p.n) each;
  loop
    for one in execute format(
      'select ticket_id from (select ticket_id, norm from ticket_search where organization_id = $1 and ticket_id < $2
         order by ticket_id desc limit $3) recent where %s limit $4', test)
      using organization, upper_id, newest, lim - found
    loop
      found := found + 1;
      return next one;
    end loop;
    if found >= lim or not deep then
      return;
    end if;
    execute 'select ticket_id from ticket_search where organization_id = $1 and ticket_id < $2
               order by ticket_id desc offset $3 limit 1' into upper_id using organization, upper_id, newest - 1;
    if upper_id is null then
      return;
    end if;
    if walked = 0 then
      execute 'select ticket_id from ticket_search where organization_id = $1 order by ticket_id limit 1'
        into oldest using organization;
      execute format(
        'select count(*) from generate_series(0, 3) n, lateral (
           select norm from ticket_search where organization_id = $1 and ticket_id < $2 - ($2 - $3) * n / 5
           order by ticket_id desc limit 250) sample where %s', test)
        into sampled using organization, upper_id, oldest;
    end if;
    walked := walked + newest;
    -- Below one in a hundred the index has few candidates to look at.
    exit when sampled < 10 or walked >= furthest;
  end loop;
  query := grams_query(pieces);
  return query execute format(
    'select ticket_id from (select ticket_id, norm from ticket_search
       where organization_id = $1 and ticket_id < $2 and grams(norm) @@ $3 offset 0) candidate
      where %s order by ticket_id desc limit $4', test) using organization, upper_id, query::tsquery, lim - found;
end $$;
"""
BEFORE = importlib.import_module("maru.tickets.migrations.0003_search").FIND.replace(
    "create function", "create or replace function"
)


class Migration(migrations.Migration):
    dependencies = [("tickets", "0004_waiting")]

    operations = [migrations.RunSQL(FIND, BEFORE)]
