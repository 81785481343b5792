with dag_warnings as (

    select * from {{ ref("stg_airflow__dag_warnings") }}

),

listed as (

    select
        environment_slug,
        dag_id,
        {{ listed("warning_message") }} as warning_messages
    from dag_warnings
    where not is_deleted_at_source
    group by environment_slug, dag_id

)

select * from listed
