with changed as (

    select * from {{ ref("int_pool_slots_changed") }}

),

hours as (

    select * from {{ ref("int_pool_hours_listed") }}

),

sizes as (

    select * from {{ ref("int_pool_sizes_known") }}

),

carried as (

    select
        hours.environment_slug,
        hours.pool_name,
        hours.hour_at,
        coalesce(changed.running_microseconds, 0) as running_microseconds,
        coalesce(changed.queued_microseconds, 0) as queued_microseconds,
        coalesce(changed.most_slots_more, 0) as most_slots_more,
        coalesce(
            sum(changed.running_change) over (
                partition by hours.environment_slug, hours.pool_name
                order by hours.hour_at
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as running_before,
        coalesce(
            sum(changed.queued_change) over (
                partition by hours.environment_slug, hours.pool_name
                order by hours.hour_at
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as queued_before
    from hours
    left join changed
        on
            hours.environment_slug = changed.environment_slug
            and hours.pool_name = changed.pool_name
            and hours.hour_at = changed.hour_at

),

summed as (

    select
        environment_slug,
        pool_name,
        hour_at,
        running_microseconds + 3600000000 * running_before as running_microseconds,
        queued_microseconds + 3600000000 * queued_before as queued_microseconds,
        running_before + queued_before + greatest(most_slots_more, 0)
            as highest_slot_count
    from carried

),

-- A pool without a limit has -1 slots.
measured as (

    select
        {{ surrogate_key([
            "summed.environment_slug",
            "summed.pool_name",
            hour_number("summed.hour_at"),
        ]) }} as pool_hour_key,
        {{ surrogate_key(["summed.environment_slug", "summed.pool_name"]) }}
            as pool_key,
        summed.environment_slug,
        summed.pool_name,
        summed.hour_at,
        cast(summed.running_microseconds as {{ native_type("double") }}) / 1000000
            as running_slot_seconds,
        cast(summed.queued_microseconds as {{ native_type("double") }}) / 1000000
            as queued_slot_seconds,
        cast(summed.highest_slot_count as bigint) as highest_slot_count,
        sizes.slot_count,
        {{ share(
            "(summed.running_microseconds + summed.queued_microseconds)",
            "case when sizes.slot_count > 0 then sizes.slot_count * 3600000000 end",
        ) }} as saturation_share
    from summed
    left join sizes
        on
            summed.environment_slug = sizes.environment_slug
            and summed.pool_name = sizes.pool_name
            and (
                sizes.valid_from_at is null or summed.hour_at >= sizes.valid_from_at
            )
            and (sizes.valid_to_at is null or summed.hour_at < sizes.valid_to_at)

)

select * from measured
