with tasks as (

    select * from {{ ref("int_dag_run_outcome_tasks_ranked") }}

),

totalled as (

    select
        dag_run_key,
        boundary_kind,
        ended_before_at,
        min(
            case
                when had_begun and started_at >= coalesce(started_after_at, started_at)
                    then started_at
            end
        ) as started_at,
        max(case when had_begun then ended_at end) as ended_at,
        min(
            case
                when had_ended or is_known_to_have_ended and not had_begun then 1
                else 0
            end
        ) = 1 as had_ended,
        max(case when had_begun and state = 'failed' then 1 else 0 end) = 1
            as had_failed,
        max(
            case
                when is_success_doubtful or (had_begun and state = 'unknown') then 1
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
            when not had_ended then 'unknown'
            when had_failed then 'failed'
            when is_doubtful then 'unknown'
            else 'success'
        end as state
    from totalled

)

select * from judged
