{{ config(
    materialized="incremental",
    unique_key="dag_run_key",
    post_hook="{{ remove_rows_not_in(
        ref('stg_airflow__dag_runs'), ['environment_slug', 'dag_run_id']
    ) }}",
) }}
{%- set run_key = surrogate_key(["dag_runs.environment_slug", "dag_runs.dag_run_id"]) %}
{%- set version = "coalesce(dag_runs.dag_version_id, dag_runs.dag_hash)" %}
with dag_runs as (

    select * from {{ ref("int_dag_runs_unified") }}

),

dag_run_notes as (

    select * from {{ ref("stg_airflow__dag_run_notes") }}

),

outcomes as (

    select * from {{ ref("int_dag_run_outcomes_summarised") }}

),

measured as (

    select
        {{ run_key }} as dag_run_key,
        {{ surrogate_key(["dag_runs.environment_slug", "dag_runs.dag_id"]) }}
            as dag_key,
        dag_runs.environment_slug,
        dag_runs.dag_run_id,
        dag_runs.dag_id,
        dag_runs.run_id,
        dag_runs.state,
        dag_runs.run_type,
        dag_runs.triggered_by,
        dag_runs.triggered_by_username,
        dag_runs.triggering_dag_run_key,
        dag_runs.logical_at,
        dag_runs.data_interval_start_at,
        dag_runs.data_interval_end_at,
        dag_runs.due_at,
        dag_runs.queued_at,
        dag_runs.started_at,
        dag_runs.ended_at,
        coalesce(outcomes.first_started_at, dag_runs.started_at) as first_started_at,
        outcomes.first_ended_at,
        outcomes.first_state,
        coalesce(outcomes.was_ended_by_hand, false) as was_ended_by_hand,
        case
            when dag_runs.state <> 'success' or outcomes.has_failed_before
                then dag_runs.state = 'success'
            when outcomes.first_state <> 'unknown' then false
        end as was_repaired_by_hand,
        case
            when not outcomes.was_ended_by_hand
                then {{ seconds_between("dag_runs.started_at", "dag_runs.ended_at") }}
        end as duration_seconds,
        outcomes.first_duration_seconds,
        {{ delay_seconds("dag_runs.queued_at", "dag_runs.started_at") }}
            as queue_delay_seconds,
        case
            when dag_runs.run_type = 'scheduled' and outcomes.first_state = 'success'
                then {{ delay_seconds("dag_runs.due_at", "outcomes.first_ended_at") }}
        end as landing_delay_seconds,
        dag_runs.clear_count,
        dag_runs.run_type = 'backfill' as is_backfill,
        dag_runs.backfill_id,
        dag_runs.bundle_version,
        dag_runs.dag_version_id,
        case
            when {{ version }} is not null
                then {{ surrogate_key([
                    "dag_runs.environment_slug", "dag_runs.dag_id", version
                ]) }}
        end as dag_version_key,
        dag_runs.partition_key,
        dag_run_notes.dag_run_id is not null as has_note,
        dag_runs.extracted_at,
        dag_runs.is_deleted_at_source,
        dag_runs.deleted_at_source_at
    from dag_runs
    left join outcomes
        on {{ run_key }} = outcomes.dag_run_key
    left join dag_run_notes
        on
            dag_runs.environment_slug = dag_run_notes.environment_slug
            and dag_runs.dag_run_id = dag_run_notes.dag_run_id
    {% if is_incremental() %}
        left join {{ this }} as present
            on {{ run_key }} = present.dag_run_key
        where
            {{ changed_since_built("dag_runs", latest_of("dag_runs.extracted_at", [
                "dag_runs.deleted_at_source_at",
                "dag_run_notes.extracted_at",
                "dag_run_notes.deleted_at_source_at",
            ])) }}
            -- Who triggered it may follow from events, which other runs explain, too.
            or dag_runs.run_type = 'manual'
            or coalesce(outcomes.first_state, '') <> coalesce(present.first_state, '')
            or outcomes.first_started_at <> present.first_started_at
    {% endif %}

)

select * from measured
