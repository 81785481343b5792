-- What did failed tries cost each team? A team is whom the DAG names as its owner;
-- costs are null until the var cost_per_slot_hour says what an hour of a slot costs.
select
    environment_slug,
    month_on,
    allocated_to as owner_name,
    wasted_slot_hours,
    slot_hours,
    {{ share("wasted_slot_hours", "slot_hours") }} as wasted_share,
    wasted_slot_hours * {{ share("slot_hours_cost", "slot_hours") }} as wasted_cost
from {{ ref("rpt_cost_allocation") }}
where allocated_by = 'owner' and wasted_slot_hours > 0
order by wasted_slot_hours desc
