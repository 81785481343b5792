with audit_events as (

    select * from {{ ref("int_audit_events_classified") }}

),

logs as (

    select * from {{ ref("stg_airflow__logs") }}

),

-- What comes after the name of a value is never looked at: it may be a secret, and in
-- Airflow 3 an object with names of its own.
noted as (

    select
        audit_events.*,
        {{ text_before(
            text_before(text_before("logs.extra", '"extra":'), '"val":'), '"value":'
        ) }} as safe_extra,
        logs.extra
    from audit_events
    inner join logs
        on
            audit_events.environment_slug = logs.environment_slug
            and audit_events.log_id = logs.log_id
    where
        audit_events.category in ('config', 'access')
        and audit_events.action in ('create', 'edit', 'delete', 'changed')
        and audit_events.actor_kind in ('human', 'service_account', 'command_line')

),

named as (

    select
        environment_slug,
        log_id,
        logged_at,
        event_name,
        plain_event_name,
        action,
        object_type,
        actor_kind,
        extracted_at,
        is_deleted_at_source,
        deleted_at_source_at,
        case
            when actor_kind = 'command_line' and object_type = 'user'
                then {{ commanded_text("extra", [["--username"], ["-u"]]) }}
            when actor_kind = 'command_line'
                then {{ commanded_text("extra", [
                    ["connections", "add"],
                    ["connections", "delete"],
                    ["variables", "set"],
                    ["variables", "delete"],
                    ["pools", "set"],
                    ["pools", "delete"],
                    ["roles", "create"],
                    ["roles", "delete"],
                ]) }}
            when object_type = 'connection'
                then {{ logged_name(
                    "safe_extra", "extra", ["conn_id", "connection_id"]
                ) }}
            when object_type = 'variable'
                then {{ logged_name("safe_extra", "extra", ["key", "variable_key"]) }}
            when object_type = 'pool'
                then {{ logged_name(
                    "safe_extra", "extra", ["pool", "pool_name", "name"]
                ) }}
        end as object_name,
        case
            when actor_kind = 'command_line' and object_type = 'user'
                then {{ commanded_text("extra", [["--role"], ["-r"]]) }}
        end as role_name,
        case
            when actor_kind <> 'command_line' and action = 'delete'
                then {{ logged_number("extra", "pk") }}
        end as object_id
    from noted

),

-- In Airflow 2 opening the page to make or change an object is the same event as doing
-- so, but then only the form names it.
carried_out as (

    select * from named
    where
        object_name is not null
        or plain_event_name not in (
            'connection.create', 'connection.edit', 'pool.create', 'pool.edit',
            'variable.create', 'variable.edit'
        )
        or event_name <> plain_event_name

)

select * from carried_out
