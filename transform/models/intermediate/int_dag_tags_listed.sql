with dag_tags as (

    select * from {{ ref("stg_airflow__dag_tags") }}

),

listed as (

    select
        environment_slug,
        dag_id,
        {{ listed("tag_name") }} as tag_names
    from dag_tags
    where not is_deleted_at_source
    group by environment_slug, dag_id

)

select * from listed
