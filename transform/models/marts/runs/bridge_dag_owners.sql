with bearers as (

    select * from {{ ref("int_cost_bearers_listed") }}
    where bearer_kind = 'owner'

)

select
    {{ surrogate_key(["environment_slug", "dag_id", "bearer_name"]) }} as dag_owner_key,
    {{ surrogate_key(["environment_slug", "dag_id"]) }} as dag_key,
    environment_slug,
    dag_id,
    bearer_name as owner_name
from bearers
