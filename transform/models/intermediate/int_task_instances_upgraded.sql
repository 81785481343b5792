{#- A table: plans of what joins it depend on knowing that it has few rows, or none. -#}
{{ config(materialized="table") }}

with task_instances as (

    select * from {{ ref("stg_airflow__task_instances") }}

),

upgraded as (

    select distinct
        environment_slug,
        dag_id,
        run_id,
        task_id,
        region_index as map_index
    from task_instances
    where region_id = {{ no_region() }}

)

select * from upgraded
