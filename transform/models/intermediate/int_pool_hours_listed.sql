with changed as (

    select * from {{ ref("int_pool_slots_changed") }}

),

numbers as (

    select * from {{ ref("int_numbers_generated") }}

),

bounds as (

    select
        environment_slug,
        pool_name,
        min(hour_at) as first_at,
        max(hour_at) as last_at
    from changed
    group by environment_slug, pool_name

),

hours as (

    select
        bounds.environment_slug,
        bounds.pool_name,
        {{ hours_after("bounds.first_at", "numbers.counted_number") }} as hour_at
    from bounds
    inner join numbers
        on
            {{ hours_between("bounds.first_at", "bounds.last_at") }}
            >= numbers.counted_number

)

select * from hours
