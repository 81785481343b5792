{# Made from the catalogue by `make generate`; do not edit. #}
with source as (

    {{ airflow_table("_sync_manifest") }}

),

renamed as (

    select
        environment_slug,
        sync_id,
        table_name,
        mode,
        is_full_read,
        is_table_at_source,
        source_rows,
        sent_rows,
        cleaned_rows,
        unknown_rows,
        file_count,
        byte_count,
        content_hash,
        unchanged_since_at,
        read_seconds,
        airflow_version,
        alembic_revision,
        postgres_version,
        replay_lag_seconds,
        transactions_seen,
        oldest_transaction_at,
        pii,
        {{ json_as_text("withheld_columns") }} as withheld_columns,
        started_at,
        ended_at,
        _sdc_extracted_at as extracted_at,
        _sdc_deleted_at is not null as is_deleted_at_source,
        _sdc_deleted_at as deleted_at_source_at
    from source

)

select * from renamed
