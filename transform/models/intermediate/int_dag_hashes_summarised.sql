with serialized_dags as (

    select * from {{ ref("stg_airflow__serialized_dags") }}

),

dag_runs as (

    select * from {{ ref("stg_airflow__dag_runs") }}

),

-- Serialized DAGs have ids since Airflow 3, and the runs no hash.
unioned as (

    select
        environment_slug,
        dag_id,
        dag_hash,
        case when is_deleted_at_source then 0 else 1 end as current_count,
        extracted_at,
        is_deleted_at_source,
        deleted_at_source_at
    from serialized_dags
    where serialized_dag_id is null
    union all
    select
        environment_slug,
        dag_id,
        dag_hash,
        0 as current_count,
        extracted_at,
        is_deleted_at_source,
        deleted_at_source_at
    from dag_runs
    where dag_hash is not null

),

summarised as (

    select
        environment_slug,
        dag_id,
        dag_hash,
        max(current_count) = 1 as is_latest,
        max(extracted_at) as extracted_at,
        min(case when is_deleted_at_source then 1 else 0 end) = 1
            as is_deleted_at_source,
        case
            when min(case when is_deleted_at_source then 1 else 0 end) = 1
                then max(deleted_at_source_at)
        end as deleted_at_source_at
    from unioned
    group by environment_slug, dag_id, dag_hash

)

select * from summarised
