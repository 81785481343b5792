with versions as (

    select * from {{ ref("snap_airflow__dags") }}

),

sync_manifests as (

    select * from {{ ref("stg_airflow__sync_manifests") }}
    where table_name = 'dag'

),

sequenced as (

    select
        environment_slug,
        dag_id,
        is_paused,
        dbt_valid_from as observed_at,
        lag(is_paused) over (
            partition by dag_key order by dbt_valid_from asc
        ) as was_paused_before
    from versions

),

changed as (

    select
        sequenced.environment_slug,
        sequenced.dag_id,
        sequenced.is_paused,
        sequenced.observed_at,
        max(sync_manifests.extracted_at) as unchanged_until_at
    from sequenced
    inner join sync_manifests
        on
            sequenced.environment_slug = sync_manifests.environment_slug
            and sequenced.observed_at > sync_manifests.extracted_at
    where sequenced.is_paused <> sequenced.was_paused_before
    group by
        sequenced.environment_slug,
        sequenced.dag_id,
        sequenced.is_paused,
        sequenced.observed_at

)

select * from changed
