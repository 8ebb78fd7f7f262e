from django.db import migrations

from maru.core.tenancy.operations import ORGANIZATION

PARTITIONS = 16

# Only functions of pg_catalog, with their schema: expressions of indexes are evaluated under a search path of their
# own. ``ascii`` gives the code point of the first character; the ranges are those of maru.tickets.search.text.
GRAMS = r"""
create function grams(norm text) returns tsvector
language sql immutable strict parallel safe cost 10000 as $$
  select pg_catalog.array_to_tsvector(array(
    select pg_catalog.substr(token, i, 2)
      from pg_catalog.unnest(pg_catalog.string_to_array(norm, ' ')) token,
           pg_catalog.generate_series(1, pg_catalog.length(token)) i
     where pg_catalog.ascii(token) between 3584 and 7679 or pg_catalog.ascii(token) >= 11904
    union all
    select pg_catalog."left"(token, 64)
      from pg_catalog.unnest(pg_catalog.string_to_array(norm, ' ')) token
     where token <> '' and (pg_catalog.ascii(token) < 3584 or pg_catalog.ascii(token) between 7680 and 11903)))
$$;
"""

# The text of tickets, folded at write. Mostly short rows that are walked newest first: kept in the row, uncompressed.
TABLES = f"""
create table ticket_search (
  organization_id bigint not null,
  ticket_id bigint not null,
  upto bigint not null default 0,
  head text not null default '',
  norm text not null default '',
  primary key (organization_id, ticket_id),
  foreign key (organization_id, ticket_id) references tickets_ticket (organization_id, id) on delete cascade
) partition by hash (organization_id);
create index ticket_search_grams on ticket_search using gin (grams(norm)) with (fastupdate = off);
alter table ticket_search enable row level security;
alter table ticket_search force row level security;
create policy tenant on ticket_search using (organization_id = {ORGANIZATION})
  with check (organization_id = {ORGANIZATION});
create policy find_tickets on ticket_search for select to maru_scanner using (true);
grant select on ticket_search to maru_scanner;

create table ticket_ident (
  organization_id bigint not null,
  value text collate "C" not null,
  ticket_id bigint not null,
  primary key (organization_id, value, ticket_id),
  foreign key (organization_id, ticket_id) references tickets_ticket (organization_id, id) on delete cascade
);
create index ticket_ident_ticket on ticket_ident (organization_id, ticket_id);
alter table ticket_ident enable row level security;
alter table ticket_ident force row level security;
create policy tenant on ticket_ident using (organization_id = {ORGANIZATION})
  with check (organization_id = {ORGANIZATION});
"""

# A partition has policies of its own, for whoever names it instead of the table.
PARTITION = f"""
create table ticket_search_{{n}} partition of ticket_search for values with (modulus {PARTITIONS}, remainder {{n}})
  with (toast_tuple_target = 8160, fillfactor = 90);
alter table ticket_search_{{n}} alter column norm set storage external;
alter index ticket_search_{{n}}_grams_idx alter column 1 set statistics 0;
alter table ticket_search_{{n}} enable row level security;
alter table ticket_search_{{n}} force row level security;
create policy tenant on ticket_search_{{n}} using (organization_id = {ORGANIZATION})
  with check (organization_id = {ORGANIZATION});
"""

# Two phases (docs/concepts/search.md): walk the newest rows, and only when they do not fill the page ask the index.
# ``@@`` is not leakproof, so under a policy it could use no index: the function belongs to maru_scanner, binds itself
# to the organization of the transaction and gives back ids alone.
FIND = r"""
create function find_tickets(pieces text[], before_id bigint, lim int, deep boolean) returns setof bigint
language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  organization constant bigint := nullif(current_setting('maru.organization_id', true), '')::bigint;
  upper_id constant bigint := coalesce(before_id, 9223372036854775807);
  newest constant int := 5000;
  found int := 0;
  lowest bigint;
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
  for one in execute format(
    'select ticket_id from (select ticket_id, norm from ticket_search where organization_id = $1 and ticket_id < $2
       order by ticket_id desc limit $3) recent where %s limit $4', test) using organization, upper_id, newest, lim
  loop
    found := found + 1;
    return next one;
  end loop;
  if found >= lim or not deep then
    return;
  end if;
  execute 'select ticket_id from ticket_search where organization_id = $1 and ticket_id < $2
             order by ticket_id desc offset $3 limit 1' into lowest using organization, upper_id, newest - 1;
  if lowest is null then
    return;
  end if;
  query := grams_query(pieces);
  return query execute format(
    'select ticket_id from (select ticket_id, norm from ticket_search
       where organization_id = $1 and ticket_id < $2 and grams(norm) @@ $3 offset 0) candidate
      where %s order by ticket_id desc limit $4', test) using organization, lowest, query::tsquery, lim - found;
end $$;
alter function find_tickets(text[], bigint, int, boolean) owner to maru_scanner;
"""

GRAMS_QUERY = r"""
create function grams_query(pieces text[]) returns text
language sql immutable strict parallel safe set search_path = pg_catalog as $$
  select string_agg('(' || piece_query || ')', ' & ') from (
    select string_agg(alternative_query, ' | ') piece_query from (
      select p.n as piece_number, string_agg(lexeme, ' & ') alternative_query
        from unnest(pieces) with ordinality p(piece, n),
             unnest(string_to_array(p.piece, '|')) with ordinality a(alternative, n),
             unnest(string_to_array(a.alternative, ' ')) token,
             lateral (
               select '''' || replace(replace(gram, '\', '\\'), '''', '''''') || '''' ||
                      case when whole then '' else ':*' end as lexeme
                 from (
                   select substr(token, i, 2) gram, length(token) > 1 whole
                     from generate_series(1, greatest(length(token) - 1, 1)) i
                    where ascii(token) between 3584 and 7679 or ascii(token) >= 11904
                   union all
                   select "left"(token, 64), false
                    where ascii(token) < 3584 or ascii(token) between 7680 and 11903) g) l
       where token <> ''
       group by p.n, a.n) alternatives
     group by piece_number) each
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("tickets", "0002_tenancy")]

    operations = [
        migrations.RunSQL(GRAMS, "drop function grams(text)"),
        migrations.RunSQL(TABLES, "drop table ticket_ident; drop table ticket_search"),
        *[migrations.RunSQL(PARTITION.format(n=n), migrations.RunSQL.noop) for n in range(PARTITIONS)],
        migrations.RunSQL(GRAMS_QUERY, "drop function grams_query(text[])"),
        migrations.RunSQL(FIND, "drop function find_tickets(text[], bigint, int, boolean)"),
    ]
