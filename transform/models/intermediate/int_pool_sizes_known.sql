with config_changes as (

    select * from {{ ref("fct_config_changes") }}
    where object_type = 'pool' and is_attributed

),

audit_events as (

    select * from {{ ref("fct_audit_events") }}
    where new_value like 'slots: %'

),

versions as (

    select * from {{ ref("snap_airflow__pools") }}

),

-- What an event does not tell is unknown until the next sync saw it.
known as (

    select
        config_changes.environment_slug,
        config_changes.object_name as pool_name,
        config_changes.changed_at as known_at,
        cast(replace(audit_events.new_value, 'slots: ', '') as bigint) as slot_count,
        false as was_seen
    from config_changes
    left join audit_events
        on config_changes.config_change_key = audit_events.audit_event_key
    where config_changes.object_name is not null
    union all
    select
        environment_slug,
        pool_name,
        dbt_valid_from as known_at,
        case when not is_deleted_at_source then slot_count end as slot_count,
        true as was_seen
    from versions

),

sequenced as (

    select
        *,
        row_number() over (
            partition by environment_slug, pool_name
            order by known_at, case when was_seen then 1 else 0 end
        ) as knowledge_number,
        lead(known_at) over (
            partition by environment_slug, pool_name
            order by known_at, case when was_seen then 1 else 0 end
        ) as valid_to_at
    from known

)

-- A pool that no event changed before the first sync had the size that this one saw.
select
    environment_slug,
    pool_name,
    knowledge_number,
    case when knowledge_number > 1 or not was_seen then known_at end as valid_from_at,
    valid_to_at,
    slot_count
from sequenced
