with outcomes as (

    select * from {{ ref("fct_dag_run_outcomes") }}

),

summarised as (

    select
        dag_run_key,
        max(case when outcome_number = 1 then state end) as first_state,
        max(case when outcome_number = 1 then started_at end) as first_started_at,
        max(case when outcome_number = 1 then ended_at end) as first_ended_at,
        max(
            case
                when outcome_number = 1 and not was_ended_by_hand
                    then {{ seconds_between("started_at", "ended_at") }}
            end
        ) as first_duration_seconds,
        max(case when not is_current and state = 'failed' then 1 else 0 end) = 1
            as has_failed_before,
        max(case when is_current and was_ended_by_hand then 1 else 0 end) = 1
            as was_ended_by_hand
    from outcomes
    group by dag_run_key

)

select * from summarised
