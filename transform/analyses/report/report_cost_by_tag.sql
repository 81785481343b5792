-- How many slot-hours did each tag take, and what did they cost?
with allocated as (

    select
        coalesce(allocated_to, '(none)') as tag_name,
        sum(slot_hours) as slot_hours,
        sum(wasted_slot_hours) as wasted_slot_hours,
        sum(slot_hours_cost) as slot_hours_cost
    from {{ ref("rpt_cost_allocation") }}
    where
        allocated_by = 'tag'
        and {{ in_months_of_period("month_on") }}
        and {{ of_environments("environment_slug") }}
    group by coalesce(allocated_to, '(none)')

)

select
    tag_name,
    slot_hours,
    wasted_slot_hours,
    {{ share("wasted_slot_hours", "slot_hours") }} as wasted_share,
    {{ share("slot_hours", "sum(slot_hours) over ()") }} as slot_hours_share,
    slot_hours_cost
from allocated
order by slot_hours desc, tag_name asc
limit 201
