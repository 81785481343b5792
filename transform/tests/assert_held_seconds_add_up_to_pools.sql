{{ config(tags="whole", meta={"explains_itself": true}) }}

-- What tries held of each pool is what its hours have without the tries that are not
-- over. A ten-thousandth is left to clocks of workers that were set back.
with task_attempts as (

    select * from {{ ref("fct_task_attempts") }}

),

pools as (

    select * from {{ ref("int_pools_deduplicated") }}

),

reschedules as (

    select * from {{ ref("int_task_reschedules_summarised") }}

),

slot_spans as (

    select * from {{ ref("int_pool_slots_spanned") }}
    where phase_name = 'running'

),

pool_hours as (

    select * from {{ ref("agg_pools_hourly") }}

),

held as (

    select
        task_attempts.environment_slug,
        task_attempts.pool_name,
        task_attempts.pool_slots
        * case
            when task_attempts.state in ('running', 'deferred') then 0
            when pools.is_counting_deferred and task_attempts.wait_kind = 'deferral'
                then {{ seconds_between(
                    "task_attempts.started_at", "task_attempts.ended_at"
                ) }}
            else task_attempts.held_seconds
        end as slot_seconds
    from task_attempts
    left join pools
        on
            task_attempts.environment_slug = pools.environment_slug
            and task_attempts.pool_name = pools.pool_name
    union all
    -- Not over.
    select
        task_attempts.environment_slug,
        task_attempts.pool_name,
        slot_spans.slot_seconds
    from task_attempts
    inner join slot_spans
        on task_attempts.task_attempt_key = slot_spans.holder_key
    where task_attempts.state in ('running', 'deferred')
    union all
    select
        task_attempts.environment_slug,
        task_attempts.pool_name,
        task_attempts.pool_slots * reschedules.poking_seconds as slot_seconds
    from task_attempts
    inner join reschedules
        on task_attempts.task_attempt_key = reschedules.task_attempt_key
    where task_attempts.state in ('running', 'deferred')

),

held_sums as (

    select
        environment_slug,
        pool_name,
        sum(slot_seconds) as held_slot_seconds
    from held
    where pool_name is not null
    group by environment_slug, pool_name

),

pool_sums as (

    select
        environment_slug,
        pool_name,
        sum(running_slot_seconds) as running_slot_seconds
    from pool_hours
    group by environment_slug, pool_name

)

select
    held_sums.environment_slug,
    held_sums.pool_name,
    'Pool ' || held_sums.pool_name || ' of ' || held_sums.environment_slug
    || ' has other slot-seconds in agg_pools_hourly than its tries held.'
    || ' Build anew: dbt build --full-refresh' as message
from held_sums
left join pool_sums
    on
        held_sums.environment_slug = pool_sums.environment_slug
        and held_sums.pool_name = pool_sums.pool_name
where
    abs(
        coalesce(held_sums.held_slot_seconds, 0)
        - coalesce(pool_sums.running_slot_seconds, 0)
    )
    > 0.001 + 0.0001 * coalesce(held_sums.held_slot_seconds, 0)
