-- At which hours of the day are pools full?
with hours as (

    select
        *,
        extract(hour from hour_at) as hour_of_day
    from {{ ref("agg_pools_hourly") }}
    where
        saturation_share is not null
        and {{ in_period("hour_at") }}
        and {{ of_environments("environment_slug") }}

),

averaged as (

    select
        environment_slug,
        pool_name,
        avg(saturation_share) as saturation_share
    from hours
    group by environment_slug, pool_name

),

ranked as (

    select
        environment_slug,
        pool_name,
        row_number() over (
            order by saturation_share desc, environment_slug asc, pool_name asc
        ) as saturation_rank
    from averaged

)

select
    hours.environment_slug || ' · ' || hours.pool_name as pool,
    hours.hour_of_day,
    avg(hours.saturation_share) as saturation_share,
    max(hours.highest_slot_count) as highest_slot_count,
    max(hours.slot_count) as slot_count
from hours
inner join ranked
    on
        hours.environment_slug = ranked.environment_slug
        and hours.pool_name = ranked.pool_name
where ranked.saturation_rank <= 12
group by
    hours.environment_slug, hours.pool_name, ranked.saturation_rank, hours.hour_of_day
order by ranked.saturation_rank, hours.hour_of_day
