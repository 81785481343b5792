{#
    Common table expressions, the last of them `compared`: every sync of every table, and
    what the warehouse holds of the latest, for only of that one it is known. They read
    `sync_manifests`, one row per sync and table with `extracted_at`, and `raw_rows`, of
    count_raw_rows().
#}
{% macro compared_syncs() %}
sequenced as (

    select
        *,
        lead(extracted_at) over (
            partition by environment_slug, table_name
            order by extracted_at
        ) as next_synced_at
    from sync_manifests

),

compared as (

    select
        sequenced.*,
        sequenced.next_synced_at is null as is_latest_sync,
        case
            when sequenced.next_synced_at is null
                then coalesce(raw_rows.kept_rows - raw_rows.deleted_rows, 0)
        end as warehouse_rows,
        case
            when sequenced.next_synced_at is null then coalesce(raw_rows.deleted_rows, 0)
        end as deleted_rows,
        case
            when sequenced.next_synced_at is null
                then coalesce(
                    raw_rows.last_extracted_at > sequenced.extracted_at, false
                )
        end as was_interrupted_since
    from sequenced
    left join raw_rows
        on
            sequenced.environment_slug = raw_rows.environment_slug
            and sequenced.table_name = raw_rows.table_name

)
{%- endmacro %}
