with slot_pools as (

    select * from {{ ref("stg_airflow__slot_pools") }}

),

task_attempts as (

    select * from {{ ref("fct_task_attempts") }}

),

tasks as (

    select * from {{ ref("dim_tasks") }}

),

-- A pool that was deleted and made again has the same name. The newest is meant.
ranked as (

    select
        *,
        row_number() over (
            partition by environment_slug, pool_name
            order by is_deleted_at_source asc, pool_id desc
        ) as age_rank
    from slot_pools

),

mentions as (

    select
        environment_slug,
        pool_name,
        extracted_at
    from slot_pools
    union all
    select
        environment_slug,
        pool_name,
        extracted_at
    from task_attempts
    union all
    select
        environment_slug,
        pool_name,
        extracted_at
    from tasks

),

named as (

    select
        environment_slug,
        pool_name,
        max(extracted_at) as extracted_at
    from mentions
    where pool_name is not null
    group by environment_slug, pool_name

)

select
    {{ surrogate_key(["named.environment_slug", "named.pool_name"]) }} as pool_key,
    named.environment_slug,
    named.pool_name,
    ranked.pool_name is null as is_inferred,
    ranked.slot_count,
    ranked.is_counting_deferred,
    ranked.team_name,
    coalesce(ranked.extracted_at, named.extracted_at) as extracted_at,
    coalesce(ranked.is_deleted_at_source, true) as is_deleted_at_source,
    ranked.deleted_at_source_at
from named
left join ranked
    on
        named.environment_slug = ranked.environment_slug
        and named.pool_name = ranked.pool_name
        and ranked.age_rank = 1
