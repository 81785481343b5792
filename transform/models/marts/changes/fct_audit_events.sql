{{ config(
    materialized="incremental",
    unique_key="audit_event_key",
    post_hook="{{ remove_rows_not_in(
        ref('stg_airflow__logs'), ['environment_slug', 'log_id']
    ) }}",
) }}
with audit_events as (

    select * from {{ ref("int_audit_events_classified") }}

),

users as (

    select * from {{ ref("int_usernames_resolved") }}

),

tries as (

    select * from {{ ref("int_task_tries_keyed") }}

),

{% if is_incremental() %}
    -- A name may have come to mean another user.
    known_actors as (

        select
            environment_slug,
            actor_name,
            min(coalesce(user_key, 'none')) as first_user_key,
            max(coalesce(user_key, 'none')) as last_user_key
        from {{ this }}
        where actor_kind in ('human', 'service_account')
        group by environment_slug, actor_name

    ),
{% endif %}

joined as (

    select
        {{ surrogate_key(["audit_events.environment_slug", "audit_events.log_id"]) }}
            as audit_event_key,
        users.user_key,
        case
            when audit_events.dag_id is not null
                then {{ surrogate_key(
                    ["audit_events.environment_slug", "audit_events.dag_id"]
                ) }}
        end as dag_key,
        tries.task_instance_key,
        tries.task_attempt_key,
        audit_events.environment_slug,
        audit_events.log_id,
        audit_events.logged_at,
        audit_events.event_name,
        audit_events.category,
        audit_events.action,
        audit_events.object_type,
        audit_events.new_state,
        audit_events.new_value,
        audit_events.channel,
        audit_events.has_conf,
        audit_events.actor_kind,
        audit_events.actor_name,
        audit_events.is_human,
        audit_events.is_destructive,
        audit_events.is_paused,
        audit_events.dag_id,
        audit_events.listed_dag_ids,
        audit_events.team_name,
        audit_events.task_id,
        audit_events.run_id,
        audit_events.map_index,
        audit_events.try_number,
        audit_events.logical_at,
        audit_events.extracted_at,
        audit_events.is_deleted_at_source,
        audit_events.deleted_at_source_at
    from audit_events
    left join users
        on
            audit_events.environment_slug = users.environment_slug
            and audit_events.actor_name = users.username
            and audit_events.actor_kind in ('human', 'service_account')
    left join tries
        on
            audit_events.environment_slug = tries.environment_slug
            and audit_events.task_instance_id = tries.task_instance_id
    {% if is_incremental() %}
        left join known_actors
            on
                audit_events.environment_slug = known_actors.environment_slug
                and audit_events.actor_name = known_actors.actor_name
                and audit_events.actor_kind in ('human', 'service_account')
        where
            {{ changed_since_built("audit_events") }}
            or known_actors.first_user_key <> coalesce(users.user_key, 'none')
            or known_actors.last_user_key <> coalesce(users.user_key, 'none')
    {% endif %}

)

select * from joined
