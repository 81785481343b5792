-- How fresh and how complete is the copy of each environment?
with tables as (

    select
        *,
        row_number() over (
            partition by environment_slug
            order by synced_at desc, table_name asc
        ) as sync_rank
    from {{ ref("rpt_sync_health") }}
    where is_latest_sync and {{ of_environments("environment_slug") }}

),

counted as (

    select
        environment_slug,
        sum(case when is_table_at_source then 1 else 0 end) as table_count,
        -- Unknown in all if one table was not counted.
        case
            when count(source_rows) = count(*) then sum(source_rows)
        end as source_rows,
        sum(warehouse_rows) as warehouse_rows,
        sum(deleted_rows) as deleted_rows,
        sum(case when not is_reconciled then 1 else 0 end) as unreconciled_table_count,
        sum(read_seconds) as read_seconds,
        sum(byte_count) as byte_count
    from tables
    group by environment_slug

)

select
    tables.environment_slug,
    tables.synced_at,
    tables.lag_seconds,
    counted.table_count,
    counted.source_rows,
    counted.warehouse_rows,
    counted.deleted_rows,
    counted.unreconciled_table_count,
    counted.read_seconds,
    counted.byte_count,
    tables.airflow_schema_version,
    tables.mode
from tables
inner join counted
    on tables.environment_slug = counted.environment_slug
where tables.sync_rank = 1
order by
    counted.unreconciled_table_count desc,
    tables.lag_seconds desc,
    tables.environment_slug asc
limit 201
