with dataset_references as (

    select * from {{ ref("stg_airflow__dag_schedule_dataset_references") }}

),

alias_references as (

    select * from {{ ref("stg_airflow__dag_schedule_dataset_alias_references") }}

),

alias_datasets as (

    select * from {{ ref("stg_airflow__dataset_alias_datasets") }}

),

assets as (

    select * from {{ ref("stg_airflow__assets") }}

),

scheduled as (

    select
        environment_slug,
        dataset_id,
        dag_id
    from dataset_references
    where not is_deleted_at_source
    union all
    select
        alias_references.environment_slug,
        alias_datasets.dataset_id,
        alias_references.dag_id
    from alias_references
    inner join alias_datasets
        on
            alias_references.environment_slug = alias_datasets.environment_slug
            and alias_references.alias_id = alias_datasets.alias_id
    where
        not alias_references.is_deleted_at_source
        and not alias_datasets.is_deleted_at_source

),

-- Of a dataset that has become an asset, only the references of the asset count.
remaining as (

    select
        scheduled.environment_slug,
        scheduled.dataset_id as asset_id,
        scheduled.dag_id
    from scheduled
    left join assets
        on
            scheduled.environment_slug = assets.environment_slug
            and scheduled.dataset_id = assets.asset_id
    where assets.asset_id is null
    group by scheduled.environment_slug, scheduled.dataset_id, scheduled.dag_id

)

select * from remaining
