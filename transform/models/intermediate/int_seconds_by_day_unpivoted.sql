with measures as (

    {% for measure_name in ["duration", "queue_delay", "landing_delay"] %}
        select '{{ measure_name }}' as measure_name
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}

),

-- Of runs, the first time counts, and nothing that somebody ended or marked by hand.
-- What ended badly tells nothing of how long the work takes.
of_runs as (

    select
        dag_runs.dag_run_key as observation_key,
        dag_runs.dag_key as subject_key,
        dag_runs.dag_key,
        dag_runs.environment_slug,
        {{ day_of("dag_runs.first_started_at") }} as started_on,
        measures.measure_name,
        case
            when measures.measure_name = 'landing_delay'
                then dag_runs.landing_delay_seconds
            when
                measures.measure_name = 'queue_delay'
                and dag_runs.queued_at <= dag_runs.first_started_at
                then dag_runs.queue_delay_seconds
            when
                measures.measure_name = 'duration' and dag_runs.first_state = 'success'
                then dag_runs.first_duration_seconds
        end as measured_seconds,
        dag_runs.extracted_at
    from {{ ref("fct_dag_runs") }} as dag_runs
    cross join measures
    where dag_runs.first_started_at is not null

),

of_tries as (

    select
        task_attempts.task_attempt_key as observation_key,
        task_attempts.task_key as subject_key,
        task_attempts.dag_key,
        task_attempts.environment_slug,
        {{ day_of("task_attempts.started_at") }} as started_on,
        measures.measure_name,
        case
            when measures.measure_name = 'queue_delay'
                then task_attempts.queue_delay_seconds
            when
                measures.measure_name = 'duration'
                and task_attempts.state = 'success'
                and marks.task_attempt_key is null
                then task_attempts.duration_seconds
        end as measured_seconds,
        task_attempts.extracted_at
    from {{ ref("fct_task_attempts") }} as task_attempts
    left join {{ ref("int_task_marks_matched") }} as marks
        on task_attempts.task_attempt_key = marks.task_attempt_key
    cross join measures
    where
        task_attempts.started_at is not null
        and measures.measure_name in ('duration', 'queue_delay')

),

unioned as (

    select * from of_runs
    union all
    select * from of_tries

)

select * from unioned
where measured_seconds is not null
