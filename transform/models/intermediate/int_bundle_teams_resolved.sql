with bundle_teams as (

    select * from {{ ref("stg_airflow__dag_bundle_teams") }}
    where not is_deleted_at_source

),

teams as (

    select * from {{ ref("stg_airflow__teams") }}

),

resolved as (

    select
        bundle_teams.environment_slug,
        bundle_teams.bundle_name,
        coalesce(bundle_teams.team_name, teams.team_name) as team_name
    from bundle_teams
    left join teams
        on
            bundle_teams.environment_slug = teams.environment_slug
            and bundle_teams.team_id = teams.team_id

)

select * from resolved
