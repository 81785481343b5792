-- How often did people intervene, day by day?
-- A chart stays readable with the six actions that were most frequent.
with interventions as (

    select
        *,
        {{ day_of("logged_at") }} as logged_on
    from {{ ref("fct_manual_interventions") }}
    where
        {{ in_period("logged_at") }}
        and {{ on_whole_days(day_of("logged_at")) }}
        and {{ of_environments("environment_slug") }}
        and {{ of_dags("dag_key") }}

),

charted_actions as (

    select
        action,
        case
            when row_number() over (order by count(*) desc, action asc) <= 6 then action
            else 'other actions'
        end as charted_action
    from interventions
    group by action

)

select
    interventions.logged_on,
    charted_actions.charted_action as action,
    count(*) as intervention_count,
    coalesce(sum(interventions.run_count), 0) as run_count,
    coalesce(sum(interventions.task_instance_count), 0) as task_instance_count
from interventions
inner join charted_actions
    on interventions.action = charted_actions.action
group by interventions.logged_on, charted_actions.charted_action
order by interventions.logged_on, charted_actions.charted_action
