-- By tag and by owner alike, a month is allocated whole: also what nobody bears.
with cost_allocation as (

    select * from {{ ref("rpt_cost_allocation") }}

)

select
    environment_slug,
    allocated_by,
    month_on,
    sum(slot_hours_share) as allocated_share
from cost_allocation
group by environment_slug, allocated_by, month_on
having abs(sum(slot_hours_share) - 1) > 0.000001
