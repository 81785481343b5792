-- What Redshift has and PostgreSQL has not, as far as the loader and dbt-redshift ask for it.
set allow_system_table_mods = on;
create domain pg_catalog.super as jsonb;

create function pg_catalog.getdate() returns timestamp
language sql stable as 'select now()::timestamp';

create function pg_catalog.json_extract_path_text(text, text, boolean) returns text
language plpgsql immutable as $$
begin
    return coalesce($1::json ->> $2, '');
exception when invalid_text_representation then
    if $3 then return null; end if;
    raise;
end $$;

-- Counts the borders between parts that are crossed.
create function pg_catalog.datediff(part text, earlier timestamp, later timestamp) returns bigint
language sql immutable as $$
    select case part
        when 'microsecond' then (extract(epoch from later) - extract(epoch from earlier)) * 1000000
        when 'month' then
            12 * (extract(year from later) - extract(year from earlier))
            + extract(month from later) - extract(month from earlier)
        when 'year' then extract(year from later) - extract(year from earlier)
        else
            extract(epoch from date_trunc(part, later) - date_trunc(part, earlier))
            / extract(epoch from ('1 ' || part)::interval)
    end::bigint
$$;

create function pg_catalog.round(double precision, integer) returns double precision
language sql immutable as $$ select round($1::numeric, $2)::double precision $$;

create function pg_catalog.dateadd(part text, number bigint, moment timestamp) returns timestamp
language sql immutable as $$ select moment + number * ('1 ' || part)::interval $$;

create view pg_catalog.svv_redshift_schemas as
select
    current_database() as database_name,
    nspname as schema_name,
    nspowner as schema_owner,
    'local' as schema_type
from pg_namespace;

create view pg_catalog.svv_external_columns as
select
    ''::text as redshift_database_name,
    ''::text as schemaname,
    ''::text as tablename,
    ''::text as columnname,
    ''::text as external_type,
    0 as columnnum
where false;

create function pg_catalog.pg_get_late_binding_view_cols() returns setof record
language sql stable as $$ select ''::name, ''::name, ''::name, ''::varchar, 0 where false $$;

grant select on pg_catalog.svv_redshift_schemas, pg_catalog.svv_external_columns to public;
