{% snapshot snap_airflow__dag_run_outcomes %}

{{ config(
    unique_key="dag_run_outcome_key",
    check_cols=["state", "is_deleted_at_source"],
) }}

{%- set is_known = columns_known(this, ["observed_at"]) | length > 0 %}
with dag_runs as (

    select
        *,
        case
            when is_deleted_at_source then deleted_at_source_at else extracted_at
        end as observed_at
    from {{ ref("stg_airflow__dag_runs") }}
    where state in ('success', 'failed') and ended_at is not null

),

{% if is_known %}
    known as (

        select
            environment_slug,
            max(observed_at) as observed_at
        from {{ this }}
        group by environment_slug

    ),
{% endif %}

-- A row for each end that a run ever had: another end is another row.
outcomes as (

    select
        {{ surrogate_key([
            "dag_runs.environment_slug", "dag_runs.dag_run_id", "dag_runs.state",
            as_text("dag_runs.ended_at"),
        ]) }} as dag_run_outcome_key,
        dag_runs.environment_slug,
        dag_runs.dag_run_id,
        dag_runs.state,
        dag_runs.started_at,
        dag_runs.ended_at,
        dag_runs.is_deleted_at_source,
        dag_runs.observed_at
    from dag_runs
    {% if is_known %}
        left join known
            on dag_runs.environment_slug = known.environment_slug
        where
            known.observed_at is null
            or dag_runs.observed_at > known.observed_at
    {% endif %}

)

select * from outcomes

{% endsnapshot %}
