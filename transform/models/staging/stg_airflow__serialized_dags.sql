{# Made from the catalogue by `make generate`; do not edit. #}
with source as (

    {{ airflow_table("serialized_dag") }}

),

renamed as (

    select
        environment_slug,
        dag_id,
        fileloc as file_path,
        fileloc_hash as file_path_hash,
        last_updated as updated_at,
        dag_hash,
        processor_subdir,
        id as serialized_dag_id,
        created_at,
        dag_version_id,
        _sdc_extracted_at as extracted_at,
        _sdc_deleted_at is not null as is_deleted_at_source,
        _sdc_deleted_at as deleted_at_source_at
    from source

)

select * from renamed
