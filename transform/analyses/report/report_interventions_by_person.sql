-- Who intervened, how often, and in how much?
with interventions as (

    select
        *,
        coalesce(actor_name, '(none)') as person_name
    from {{ ref("fct_manual_interventions") }}
    where
        {{ in_period("logged_at") }}
        and {{ of_environments("environment_slug") }}
        and {{ of_dags("dag_key") }}

),

actions_of_people as (

    select distinct
        environment_slug,
        person_name,
        action
    from interventions

),

actions_listed as (

    select
        environment_slug,
        person_name,
        {{ listed("action") }} as actions
    from actions_of_people
    group by environment_slug, person_name

),

counted as (

    select
        environment_slug,
        person_name,
        count(*) as intervention_count,
        sum(case when is_destructive then 1 else 0 end) as destructive_count,
        coalesce(sum(run_count), 0) as run_count,
        coalesce(sum(task_instance_count), 0) as task_instance_count,
        count(distinct dag_id) as dag_count,
        max(logged_at) as last_at
    from interventions
    group by environment_slug, person_name

)

select
    counted.environment_slug,
    counted.person_name as actor_name,
    counted.intervention_count,
    counted.destructive_count,
    counted.run_count,
    counted.task_instance_count,
    counted.dag_count,
    counted.last_at,
    actions_listed.actions
from counted
inner join actions_listed
    on
        counted.environment_slug = actions_listed.environment_slug
        and counted.person_name = actions_listed.person_name
order by
    counted.intervention_count desc,
    counted.environment_slug asc,
    counted.person_name asc
limit 201
