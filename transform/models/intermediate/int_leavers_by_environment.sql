with hr_leavers as (

    select *
    from {{ own_relation_or(ref("hr_leavers"), "hr_leavers_relation") }}

),

environments as (

    select * from {{ ref("int_environments_synced") }}

),

-- Who came back and left again has left once more; who is about to leave has not.
left_by_then as (

    select
        environments.environment_slug,
        hr_leavers.username,
        max(hr_leavers.left_on) as left_on
    from hr_leavers
    cross join environments
    where
        hr_leavers.username is not null
        and (
            hr_leavers.left_on is null
            or hr_leavers.left_on <= cast(environments.synced_at as date)
        )
    group by environments.environment_slug, hr_leavers.username

)

select * from left_by_then
