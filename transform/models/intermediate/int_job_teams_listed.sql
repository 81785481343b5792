with job_teams as (

    select * from {{ ref("stg_airflow__job_teams") }}

),

listed as (

    select
        environment_slug,
        job_id,
        {{ listed("team_name") }} as team_names
    from job_teams
    where not is_deleted_at_source
    group by environment_slug, job_id

)

select * from listed
