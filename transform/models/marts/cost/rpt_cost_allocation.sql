with slot_hours_by_month as (

    select * from {{ ref("int_slot_hours_by_month_totalled") }}

),

allocations as (

    select * from {{ ref("int_cost_allocations_listed") }}

),

kinds as (

    select 'tag' as allocated_by
    union all
    select 'owner' as allocated_by

),

-- A DAG without a tag, or without an owner, is allocated to nobody: null.
allocated as (

    select
        slot_hours_by_month.environment_slug,
        kinds.allocated_by,
        allocations.allocated_to,
        slot_hours_by_month.month_on,
        sum(
            slot_hours_by_month.slot_hours
            * coalesce(allocations.allocated_share, 1)
        ) as slot_hours,
        sum(
            slot_hours_by_month.wasted_slot_hours
            * coalesce(allocations.allocated_share, 1)
        ) as wasted_slot_hours
    from slot_hours_by_month
    cross join kinds
    left join allocations
        on
            slot_hours_by_month.environment_slug = allocations.environment_slug
            and slot_hours_by_month.dag_id = allocations.dag_id
            and kinds.allocated_by = allocations.allocated_by
    group by
        slot_hours_by_month.environment_slug,
        kinds.allocated_by,
        allocations.allocated_to,
        slot_hours_by_month.month_on

),

priced as (

    select
        {{ surrogate_key([
            "environment_slug",
            "allocated_by",
            "allocated_to",
            day_number("month_on"),
        ]) }} as cost_allocation_key,
        environment_slug,
        allocated_by,
        allocated_to,
        month_on,
        slot_hours,
        wasted_slot_hours,
        {{ share(
            "slot_hours",
            "sum(slot_hours) over ("
            "partition by environment_slug, allocated_by, month_on)",
        ) }} as slot_hours_share,
        slot_hours * cast(
            {{ setting("cost_per_slot_hour") or "null" }} as {{ native_type("double") }}
        ) as slot_hours_cost
    from allocated

)

select * from priced
