{{ config(
    materialized="incremental",
    unique_key="dag_run_outcome_key",
    post_hook="{{ remove_rows_not_in(
        ref('int_dag_run_outcomes_numbered'), ['dag_run_key', 'outcome_number']
    ) }}",
) }}
with outcomes as (

    select * from {{ ref("int_dag_run_outcomes_numbered") }}

),

marks as (

    select
        {{ surrogate_key(["environment_slug", "dag_run_id"]) }} as dag_run_key,
        new_state,
        max(marked_at) as marked_at
    from {{ ref("int_state_marks_matched") }}
    where task_id is null
    group by environment_slug, dag_run_id, new_state

),

measured as (

    select
        {{ surrogate_key(["outcomes.dag_run_key", "outcomes.outcome_number"]) }}
            as dag_run_outcome_key,
        outcomes.dag_run_key,
        {{ surrogate_key(["outcomes.environment_slug", "outcomes.dag_id"]) }}
            as dag_key,
        outcomes.environment_slug,
        outcomes.dag_id,
        outcomes.run_id,
        outcomes.outcome_number,
        outcomes.outcome_number = outcomes.outcome_count
        and outcomes.evidence = 'dag_run' as is_current,
        outcomes.state,
        outcomes.started_at,
        outcomes.ended_at,
        outcomes.evidence,
        outcomes.evidence in ('dag_run', 'earlier_sync') as is_observed,
        -- The mark of a run that had ended leaves the time of its end.
        coalesce(
            marks.marked_at >= outcomes.started_at
            and (outcomes.evidence = 'dag_run' or outcomes.ended_at >= marks.marked_at),
            false
        ) as was_set_by_hand,
        coalesce(
            marks.marked_at between outcomes.started_at and outcomes.ended_at, false
        ) as was_ended_by_hand,
        outcomes.extracted_at,
        outcomes.is_deleted_at_source,
        outcomes.deleted_at_source_at
    from outcomes
    left join marks
        on
            outcomes.dag_run_key = marks.dag_run_key
            and outcomes.state = marks.new_state
    {% if is_incremental() %}
        left join {{ this }} as present
            on
                outcomes.dag_run_key = present.dag_run_key
                and outcomes.outcome_number = present.outcome_number
        where
            {{ changed_since_built("outcomes") }}
            -- What tasks and events tell of earlier ends may change without the run.
            or not coalesce(
                outcomes.state = present.state
                and outcomes.evidence = present.evidence
                and outcomes.started_at = present.started_at
                and outcomes.ended_at = present.ended_at,
                false
            )
    {% endif %}

)

select * from measured
