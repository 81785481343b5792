with allocations as (

    select * from {{ ref("int_cost_allocations_listed") }}
    where allocated_by = 'tag'

)

select
    {{ surrogate_key(["environment_slug", "dag_id", "allocated_to"]) }} as dag_tag_key,
    {{ surrogate_key(["environment_slug", "dag_id"]) }} as dag_key,
    environment_slug,
    dag_id,
    allocated_to as tag_name
from allocations
