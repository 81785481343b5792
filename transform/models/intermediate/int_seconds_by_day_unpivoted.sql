-- Of runs, the first time counts, and nothing that somebody ended or marked by hand.
with dag_runs as {{ not_materialized() }} (

    select
        dag_run_key,
        dag_key,
        environment_slug,
        landing_delay_seconds,
        case when queued_at <= first_started_at then queue_delay_seconds end
            as queue_delay_seconds,
        case when first_state = 'success' then first_duration_seconds end
            as duration_seconds,
        extracted_at,
        {{ day_of("first_started_at") }} as started_on
    from {{ ref("fct_dag_runs") }}
    where first_started_at is not null

),

task_attempts as {{ not_materialized() }} (

    select
        task_attempts.task_attempt_key,
        task_attempts.task_key,
        task_attempts.dag_key,
        task_attempts.environment_slug,
        task_attempts.queue_delay_seconds,
        case
            when task_attempts.state = 'success' and marks.task_attempt_key is null
                then task_attempts.duration_seconds
        end as duration_seconds,
        task_attempts.extracted_at,
        {{ day_of("task_attempts.started_at") }} as started_on
    from {{ ref("fct_task_attempts") }} as task_attempts
    left join {{ ref("int_task_marks_matched") }} as marks
        on task_attempts.task_attempt_key = marks.task_attempt_key
    where task_attempts.started_at is not null

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
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}

)

select * from unpivoted
where measured_seconds is not null
