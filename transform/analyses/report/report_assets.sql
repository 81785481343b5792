-- Which data is there, who writes it and who waits for it?
with lineage as (

    select *
    from {{ ref("bridge_asset_lineage") }}
    where
        not is_deleted_at_source
        and {{ of_environments("environment_slug") }}

),

assets as (

    select distinct
        asset_key,
        environment_slug,
        asset_name,
        asset_uri
    from lineage

),

producers as (

    select distinct
        asset_key,
        producer_dag_id || '.' || producer_task_id as producer_name
    from lineage
    where producer_dag_id is not null

),

producers_listed as (

    select
        asset_key,
        {{ listed("producer_name") }} as producers
    from producers
    group by asset_key

),

consumers as (

    select distinct
        asset_key,
        consumer_dag_id
    from lineage
    where consumer_dag_id is not null

),

consumers_listed as (

    select
        asset_key,
        {{ listed("consumer_dag_id") }} as consumers
    from consumers
    group by asset_key

),

events as (

    select
        asset_key,
        sum(case when {{ in_period("occurred_at") }} then 1 else 0 end) as event_count,
        max(occurred_at) as last_event_at
    from {{ ref("fct_asset_events") }}
    where
        {{ is_before_end_of_period("occurred_at") }}
        and {{ of_environments("environment_slug") }}
    group by asset_key

)

select
    assets.environment_slug,
    assets.asset_name,
    assets.asset_uri,
    producers_listed.producers,
    consumers_listed.consumers,
    coalesce(events.event_count, 0) as event_count,
    events.last_event_at
from assets
left join producers_listed on assets.asset_key = producers_listed.asset_key
left join consumers_listed on assets.asset_key = consumers_listed.asset_key
left join events on assets.asset_key = events.asset_key
order by
    coalesce(events.event_count, 0) desc,
    assets.environment_slug asc,
    assets.asset_name asc,
    assets.asset_key asc
limit 201
