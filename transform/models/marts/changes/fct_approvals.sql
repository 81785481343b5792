with decisions as (

    select * from {{ ref("int_decisions_resolved") }}

),

run_ids as (

    select * from {{ ref("int_run_ids_resolved") }}

),

measured as (

    select
        {{ surrogate_key([
            "decisions.environment_slug", "decisions.task_instance_id"
        ]) }} as approval_key,
        case
            when decisions.dag_id is not null
                then {{ surrogate_key([
                    "decisions.environment_slug",
                    "decisions.dag_id",
                    "decisions.run_id",
                    "decisions.task_id",
                    "decisions.instance_index",
                ]) }}
        end as task_instance_key,
        case
            when run_ids.dag_run_id is not null
                then {{ surrogate_key(
                    ["run_ids.environment_slug", "run_ids.dag_run_id"]
                ) }}
        end as dag_run_key,
        case
            when decisions.dag_id is not null
                then {{ surrogate_key(
                    ["decisions.environment_slug", "decisions.dag_id"]
                ) }}
        end as dag_key,
        decisions.environment_slug,
        decisions.dag_id,
        decisions.run_id,
        decisions.task_id,
        decisions.map_index,
        decisions.try_number,
        decisions.subject,
        decisions.assignees,
        decisions.asked_at,
        decisions.responded_at,
        decisions.responded_by_username,
        decisions.verdict,
        case
            when decisions.responded_at is not null
                then {{ seconds_between(
                    "decisions.asked_at", "decisions.responded_at"
                ) }}
            when decisions.is_open
                then {{ seconds_between(
                    "decisions.asked_at", "decisions.synced_at"
                ) }}
        end as waited_seconds,
        decisions.is_open,
        decisions.has_default_answer,
        decisions.was_default_taken,
        decisions.extracted_at,
        decisions.is_deleted_at_source,
        decisions.deleted_at_source_at
    from decisions
    left join run_ids
        on
            decisions.environment_slug = run_ids.environment_slug
            and decisions.dag_id = run_ids.dag_id
            and decisions.run_id = run_ids.run_id

)

select * from measured
