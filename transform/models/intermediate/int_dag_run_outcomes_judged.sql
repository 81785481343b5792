with tasks as (

    select * from {{ ref("int_dag_run_outcome_tasks_ranked") }}

),

totalled as (

    select
        dag_run_key,
        boundary_kind,
        ended_before_at,
        min(started_at) as started_at,
        max(case when was_begun then ended_at end) as ended_at,
        min(
            case
                when was_ended or is_known_to_have_ended and not was_begun then 1
                else 0
            end
        ) = 1 as was_ended,
        max(case when was_begun and state = 'failed' then 1 else 0 end) = 1
            as has_failed_before,
        max(
            case
                when is_success_doubtful or (was_begun and state = 'unknown') then 1
                else 0
            end
        ) = 1 as is_doubtful
    from tasks
    group by dag_run_key, boundary_kind, ended_before_at

),

judged as (

    select
        dag_run_key,
        boundary_kind,
        ended_before_at,
        started_at,
        ended_at,
        case
            when not was_ended then 'unknown'
            when has_failed_before then 'failed'
            when is_doubtful then 'unknown'
            else 'success'
        end as state
    from totalled

)

select * from judged
