-- A table: the mart reads it twice, and it is small.
{{ config(materialized="table") }}

with slot_spans as {{ not_materialized() }} (

    select * from {{ ref("int_pool_slots_spanned") }}

),

steps as (

    select
        environment_slug,
        pool_name,
        phase_name,
        taken_at as stepped_at,
        slot_count as slot_change
    from slot_spans

    union all

    select
        environment_slug,
        pool_name,
        phase_name,
        given_back_at as stepped_at,
        -slot_count as slot_change
    from slot_spans

),

-- What is given back and taken in the same moment was never taken twice: a try that
-- starts keeps the slots it was queued with.
moments as (

    select
        environment_slug,
        pool_name,
        stepped_at,
        sum(case when phase_name = 'running' then slot_change else 0 end)
            as running_change,
        sum(case when phase_name = 'queued' then slot_change else 0 end)
            as queued_change
    from steps
    group by environment_slug, pool_name, stepped_at

),

levelled as (

    select
        environment_slug,
        pool_name,
        running_change,
        queued_change,
        {{ hour_of("stepped_at") }} as hour_at,
        {{ microseconds_between(
            "stepped_at", hours_after(hour_of("stepped_at"), 1)
        ) }} as left_microseconds,
        sum(running_change + queued_change) over (
            partition by environment_slug, pool_name
            order by stepped_at
            rows between unbounded preceding and current row
        ) as taken_slots
    from moments

),

-- What a step changes in its own hour, and from then on in every whole hour. Whole
-- numbers, so that what is taken and given back adds up to nothing.
changed as (

    select
        environment_slug,
        pool_name,
        hour_at,
        sum(running_change) as running_change,
        sum(queued_change) as queued_change,
        sum(running_change * left_microseconds) as running_microseconds,
        sum(queued_change * left_microseconds) as queued_microseconds,
        max(taken_slots) as highest_slot_count
    from levelled
    group by environment_slug, pool_name, hour_at

)

select * from changed
