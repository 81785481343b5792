{{ config(
    materialized="incremental",
    unique_key=["environment_slug", "pool_name", "hour_at"],
    post_hook="delete from {{ this }} where step_count = 0",
) }}
{%- set hours = "changed_hours" if is_incremental() else "summed" %}

with steps as {{ not_materialized() }} (

    select * from {{ ref("int_pool_slots_stepped") }}

),

-- What a step changes in its own hour, and from then on in every whole hour. Whole
-- numbers, so that what is taken and given back adds up to nothing.
summed as (

    select
        environment_slug,
        pool_name,
        hour_at,
        count(*) as step_count,
        sum(running_change) as running_change,
        sum(queued_change) as queued_change,
        sum(running_change * left_microseconds) as running_microseconds,
        sum(queued_change * left_microseconds) as queued_microseconds
    from steps
    group by environment_slug, pool_name, hour_at

),

{% if is_incremental() %}
    -- An hour whose steps add up to the same is the same. One that has none any more
    -- gets an empty row, which is then removed.
    changed_hours as (

        select
            coalesce(summed.environment_slug, built.environment_slug)
                as environment_slug,
            coalesce(summed.pool_name, built.pool_name) as pool_name,
            coalesce(summed.hour_at, built.hour_at) as hour_at,
            coalesce(summed.step_count, 0) as step_count,
            summed.running_change,
            summed.queued_change,
            summed.running_microseconds,
            summed.queued_microseconds
        from summed
        full outer join {{ this }} as built
            on
                summed.environment_slug = built.environment_slug
                and summed.pool_name = built.pool_name
                and summed.hour_at = built.hour_at
        where
            coalesce(summed.step_count, 0) <> coalesce(built.step_count, 0)
            or summed.running_microseconds <> built.running_microseconds
            or summed.queued_microseconds <> built.queued_microseconds

    ),
{% endif %}

-- What is given back and taken in the same moment was never taken twice: a try that
-- starts keeps the slots it was queued with.
moments as (

    select
        steps.environment_slug,
        steps.pool_name,
        steps.hour_at,
        steps.stepped_at,
        sum(steps.running_change + steps.queued_change) as slot_change
    from steps
    {% if is_incremental() %}
        inner join changed_hours
            on
                steps.environment_slug = changed_hours.environment_slug
                and steps.pool_name = changed_hours.pool_name
                and steps.hour_at = changed_hours.hour_at
    {% endif %}
    group by
        steps.environment_slug, steps.pool_name, steps.hour_at, steps.stepped_at

),

levelled as (

    select
        environment_slug,
        pool_name,
        hour_at,
        sum(slot_change) over (
            partition by environment_slug, pool_name, hour_at
            order by stepped_at
            rows between unbounded preceding and current row
        ) as slots_more
    from moments

),

highest as (

    select
        environment_slug,
        pool_name,
        hour_at,
        max(slots_more) as most_slots_more
    from levelled
    group by environment_slug, pool_name, hour_at

)

select
    hours.*,
    highest.most_slots_more
from {{ hours }} as hours
left join highest
    on
        hours.environment_slug = highest.environment_slug
        and hours.pool_name = highest.pool_name
        and hours.hour_at = highest.hour_at
