-- A table: the mart and its tests read it, and it is small.
{{ config(materialized="table") }}

with decisions as (

    select * from {{ ref("int_decisions_unioned") }}

),

tries as (

    select * from {{ ref("int_task_tries_identified") }}

),

environments as (

    select * from {{ ref("int_environments_synced") }}

),

-- Airflow writes both null and JSON's own.
joined as (

    select
        decisions.environment_slug,
        decisions.task_instance_id,
        tries.dag_id,
        tries.run_id,
        tries.task_id,
        tries.map_index,
        tries.instance_index,
        tries.try_number,
        case when tries.is_current_try then tries.state end as state,
        decisions.subject,
        nullif(nullif(decisions.assignees, 'null'), '[]') as assignees,
        -- A later try asks again, and Airflow keeps the time of the first question.
        case
            when
                tries.started_at > decisions.created_at
                and coalesce(tries.started_at <= decisions.responded_at, true)
                then tries.started_at
            else decisions.created_at
        end as asked_at,
        decisions.responded_at,
        {{ json_text("decisions.responded_by", "name") }} as responded_by_username,
        -- A sync of an older version may have read the choices themselves.
        case
            when decisions.verdict like '"%"' then replace(decisions.verdict, '"', '')
        end as verdict,
        coalesce(decisions.default_answers, 'null') <> 'null' as has_default_answer,
        environments.pii <> 'hashed' as is_responder_read,
        environments.synced_at,
        decisions.extracted_at,
        decisions.is_deleted_at_source,
        decisions.deleted_at_source_at
    from decisions
    left join tries
        on
            decisions.environment_slug = tries.environment_slug
            and decisions.task_instance_id = tries.task_instance_id
    left join environments
        on decisions.environment_slug = environments.environment_slug

),

-- A question moves on with its task instance, and takes the old answer along until the
-- next try asks again.
ranked as (

    select
        *,
        row_number() over (
            partition by
                environment_slug, coalesce(dag_id, task_instance_id),
                run_id, task_id, instance_index, responded_at,
                case when responded_at is null then task_instance_id end
            order by try_number asc, task_instance_id asc
        ) as try_rank
    from joined

),

judged as (

    select
        environment_slug,
        task_instance_id,
        dag_id,
        run_id,
        task_id,
        map_index,
        instance_index,
        try_number,
        subject,
        assignees,
        asked_at,
        responded_at,
        responded_by_username,
        verdict,
        responded_at is null
        and not is_deleted_at_source
        and coalesce(state in ('running', 'deferred', 'awaiting_input'), false)
            as is_open,
        has_default_answer,
        -- Where answers are read without names, a default looks like any of them.
        case
            when responded_at is null or not has_default_answer then false
            when is_responder_read then responded_by_username is null
        end as was_default_taken,
        synced_at,
        extracted_at,
        is_deleted_at_source,
        deleted_at_source_at
    from ranked
    where try_rank = 1

)

select * from judged
