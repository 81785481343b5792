with bearers as (

    select * from {{ ref("int_cost_bearers_listed") }}
    where bearer_kind = 'tag'

)

select
    {{ surrogate_key(["environment_slug", "dag_id", "bearer_name"]) }} as dag_tag_key,
    {{ surrogate_key(["environment_slug", "dag_id"]) }} as dag_key,
    environment_slug,
    dag_id,
    bearer_name as tag_name
from bearers
