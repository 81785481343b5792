with logs as (

    select * from {{ ref("stg_airflow__logs") }}

),

doubtful_pauses as (

    select * from {{ ref("int_doubtful_pauses_resolved") }}

),

-- As JSON since Airflow 2.9, as a list of pairs before.
noted as (

    select
        logs.environment_slug,
        logs.log_id,
        logs.logged_at,
        logs.event_name,
        logs.owner_name,
        logs.dag_id,
        logs.task_id,
        logs.run_id,
        logs.map_index,
        logs.try_number,
        logs.task_instance_id,
        logs.team_name,
        logs.logical_at,
        logs.extracted_at,
        logs.is_deleted_at_source,
        logs.deleted_at_source_at,
        -- Airflow 2.9 to 2.11 put the way it came in front of what the REST API was
        -- asked to do.
        case
            when logs.event_name like 'api.%' then substring(logs.event_name, 5)
            when logs.event_name like 'ui.%' then substring(logs.event_name, 4)
            else logs.event_name
        end as plain_event_name,
        case
            when logs.event_name like 'api.%' then 'api'
            when logs.event_name like 'ui.%' then 'ui'
            when logs.event_name like 'cli_%' then 'command_line'
        end as named_channel,
        -- Only what Airflow writes about a task instance has a map index; a request
        -- never does, or since Airflow 3.4 without a try's number. That tells a task
        -- that failed from a user who marks it as failed.
        logs.map_index is not null
        and (logs.task_instance_id is null or logs.try_number is not null)
            as is_written_by_task,
        substring(logs.extra, 1, 1) = '{' as is_noted_as_json,
        coalesce(
            {{ logged_text("logs.extra", ["new_state", "state"]) }},
            nullif({{ text_between("logs.extra", "('state', '", "'") }}, ''),
            case
                when logs.event_name in ('success', 'dagrun_success') then 'success'
                when logs.event_name in ('failed', 'dagrun_failed') then 'failed'
                when logs.event_name = 'dagrun_queued' then 'queued'
                when logs.event_name = 'action_set_retry' then 'up_for_retry'
                when logs.event_name like 'action_set_%'
                    then replace(logs.event_name, 'action_set_', '')
            end
        ) as new_state,
        -- Airflow's pages name the new state of a DAG since 3.4. Before 2.8 they noted
        -- what they were asked, which is the opposite.
        case
            when doubtful_pauses.log_id is not null then doubtful_pauses.is_paused
            when
                logs.event_name = 'drain_completed'
                or logs.extra like '%"is_paused": true%'
                or logs.extra like '%"scheduling_state": "paused"%'
                or logs.extra like {{ literal("%('is_paused', True)%") }}
                or logs.extra like {{ literal("%('is_paused', 'false')%") }}
                then true
            when
                logs.extra like '%"is_paused": false%'
                or logs.extra like '%"scheduling_state": "active"%'
                or logs.extra like {{ literal("%('is_paused', False)%") }}
                or logs.extra like {{ literal("%('is_paused', 'true')%") }}
                then false
        end as is_paused,
        coalesce(logs.extra like '%"scheduling_state": "draining"%', false)
            as is_draining,
        case
            when
                logs.extra like '%"note": "***"%'
                or logs.extra like {{ literal("%('note', '***')%") }}
                then true
            when
                logs.extra like '%"note": ""%'
                or logs.extra like {{ literal("%('note', '')%") }}
                then false
        end as has_note,
        -- Of several columns only the last is noted.
        coalesce(logs.extra like '%"update_mask": %', false) as is_masked,
        coalesce(
            nullif(replace({{ text_before(
                text_between("logs.extra", '"slots": ', ","), "}"
            ) }}, '"', ''), ''),
            nullif({{ text_between("logs.extra", "('slots', '", "'") }}, '')
        ) as slots,
        logs.extra like '%"conf": "***"%'
        or logs.extra like {{ literal("%('conf', '***')%") }}
        or logs.extra like {{ literal("%'--conf'%") }}
        or logs.extra like {{ literal("%'-c'%") }} as has_conf,
        {{ logged_text("logs.extra", ["chosen_options"]) }} as verdict,
        {{ logged_list("logs.extra", "dag_ids") }} as listed_dag_ids
    from logs
    left join doubtful_pauses
        on
            logs.environment_slug = doubtful_pauses.environment_slug
            and logs.log_id = doubtful_pauses.log_id

)

select * from noted
