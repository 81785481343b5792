with slot_pools as (

    select * from {{ ref("stg_airflow__slot_pools") }}

),

-- A pool that was deleted and made again has the same name. The newest is meant.
ranked as (

    select
        *,
        row_number() over (
            partition by environment_slug, pool_name
            order by is_deleted_at_source asc, pool_id desc
        ) as age_rank
    from slot_pools

)

select
    {{ surrogate_key(["environment_slug", "pool_name"]) }} as pool_key,
    environment_slug,
    pool_name,
    slot_count,
    is_counting_deferred,
    team_name,
    extracted_at,
    is_deleted_at_source,
    deleted_at_source_at
from ranked
where age_rank = 1
