with dag_owner_attributes as (

    select * from {{ ref("stg_airflow__dag_owner_attributes") }}

),

listed as (

    select
        environment_slug,
        dag_id,
        {{ listed("owner_link") }} as owner_links
    from dag_owner_attributes
    where not is_deleted_at_source
    group by environment_slug, dag_id

)

select * from listed
