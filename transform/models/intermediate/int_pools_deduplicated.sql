with slot_pools as (

    select * from {{ ref("stg_airflow__slot_pools") }}

),

-- A pool that was deleted and made again has the same name.
ranked as (

    select
        environment_slug,
        pool_name,
        slot_count,
        coalesce(is_counting_deferred, false) as is_counting_deferred,
        is_deleted_at_source,
        row_number() over (
            partition by environment_slug, pool_name
            order by pool_id desc
        ) as age_rank
    from slot_pools

)

select
    environment_slug,
    pool_name,
    slot_count,
    is_counting_deferred,
    is_deleted_at_source
from ranked
where age_rank = 1
