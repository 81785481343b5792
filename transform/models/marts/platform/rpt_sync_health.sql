with sync_manifests as (

    select * from {{ ref("stg_airflow__sync_manifests") }}

),

raw_rows as (

    select * from {{ ref("int_raw_rows_counted") }}

),

{{ compared_syncs() }},

reconciled as (

    select
        {{ surrogate_key(["environment_slug", "sync_id", "table_name"]) }}
            as sync_table_key,
        environment_slug,
        sync_id,
        table_name,
        extracted_at as synced_at,
        mode,
        pii,
        is_full_read,
        is_table_at_source,
        is_latest_sync,
        source_rows,
        sent_rows,
        cleaned_rows,
        unknown_rows,
        warehouse_rows,
        deleted_rows,
        was_interrupted_since,
        -- Rows that are gone from the source are only noticed when the table is read
        -- whole.
        case
            when not is_latest_sync then null
            when was_interrupted_since then false
            -- What an upgrade removed stays as it was.
            when not is_table_at_source and mode <> 'mirror' then true
            -- Null where the source was not counted: what is not known is not said.
            when is_full_read then warehouse_rows = source_rows
            else warehouse_rows >= source_rows
        end as is_reconciled,
        {{ seconds_between(
            "extracted_at", "coalesce(next_synced_at, " ~ build_time() ~ ")"
        ) }} as lag_seconds,
        read_seconds,
        file_count,
        byte_count,
        airflow_version as airflow_schema_version,
        alembic_revision,
        postgres_version,
        replay_lag_seconds,
        transactions_seen,
        oldest_transaction_at,
        withheld_columns,
        started_at as read_started_at,
        ended_at as read_ended_at
    from compared

)

select * from reconciled
