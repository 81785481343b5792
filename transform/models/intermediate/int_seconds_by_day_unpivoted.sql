with dag_runs as {{ not_materialized() }} (

    select
        *,
        {{ day_of("started_at") }} as started_on
    from {{ ref("fct_dag_runs") }}
    where started_at is not null

),

task_attempts as {{ not_materialized() }} (

    select
        *,
        {{ day_of("started_at") }} as started_on
    from {{ ref("fct_task_attempts") }}
    where started_at is not null

),

-- What ended badly tells nothing of how long the work takes.
unpivoted as (

    {% for observations, observation_key, subject_key, measure_name in [
        ("dag_runs", "dag_run_key", "dag_key", "duration"),
        ("dag_runs", "dag_run_key", "dag_key", "queue_delay"),
        ("dag_runs", "dag_run_key", "dag_key", "landing_delay"),
        ("task_attempts", "task_attempt_key", "task_key", "duration"),
        ("task_attempts", "task_attempt_key", "task_key", "queue_delay"),
    ] %}
        select
            {{ observation_key }} as observation_key,
            {{ subject_key }} as subject_key,
            dag_key,
            environment_slug,
            started_on,
            '{{ measure_name }}' as measure_name,
            {{ measure_name }}_seconds as measured_seconds,
            extracted_at
        from {{ observations }}
        {% if measure_name == "duration" %}
            where state = 'success'
        {% endif %}
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}

)

select * from unpivoted
where measured_seconds is not null
