{# Made from the catalogue by `make generate`; do not edit. #}
with source as (

    {{ airflow_table("dynamic_region") }}

),

renamed as (

    select
        environment_slug,
        id as region_id,
        dag_id,
        run_id,
        node_id as region_node_id,
        parent_region_id,
        parent_region_index,
        forked_from_region_id,
        family_root_id as region_family_id,
        path as region_path,
        resumes_from_index,
        slot_key as region_slot_key,
        created_at,
        _sdc_extracted_at as extracted_at,
        _sdc_deleted_at is not null as is_deleted_at_source,
        _sdc_deleted_at as deleted_at_source_at
    from source

)

select * from renamed
