with slot_hours_by_month as (

    select * from {{ ref("int_slot_hours_by_month_totalled") }}

),

bearers as (

    select * from {{ ref("int_cost_bearers_listed") }}

),

kinds as (

    select 'tag' as bearer_kind
    union all
    select 'owner' as bearer_kind

),

-- A DAG without a tag, or without an owner, is borne by nobody: null.
borne as (

    select
        slot_hours_by_month.environment_slug,
        kinds.bearer_kind,
        bearers.bearer_name,
        slot_hours_by_month.month_on,
        sum(slot_hours_by_month.slot_hours * coalesce(bearers.borne_share, 1))
            as slot_hours,
        sum(slot_hours_by_month.wasted_slot_hours * coalesce(bearers.borne_share, 1))
            as wasted_slot_hours
    from slot_hours_by_month
    cross join kinds
    left join bearers
        on
            slot_hours_by_month.environment_slug = bearers.environment_slug
            and slot_hours_by_month.dag_id = bearers.dag_id
            and kinds.bearer_kind = bearers.bearer_kind
    group by
        slot_hours_by_month.environment_slug,
        kinds.bearer_kind,
        bearers.bearer_name,
        slot_hours_by_month.month_on

),

priced as (

    select
        {{ surrogate_key([
            "environment_slug",
            "bearer_kind",
            "bearer_name",
            day_number("month_on"),
        ]) }} as cost_allocation_key,
        environment_slug,
        bearer_kind,
        bearer_name,
        month_on,
        slot_hours,
        wasted_slot_hours,
        {{ share(
            "slot_hours",
            "sum(slot_hours) over ("
            "partition by environment_slug, bearer_kind, month_on)",
        ) }} as slot_hours_share,
        slot_hours * cast(
            {{ var("cost_per_slot_hour") or "null" }} as {{ native_type("double") }}
        ) as slot_hours_cost
    from borne

)

select * from priced
