{{ config(severity="warn", meta={"explains_itself": true}) }}

with external_access as (

    select distinct environment_slug
    from {{ own_relation_or(ref("external_access"), "external_access_relation") }}

),

environments as (

    select * from {{ ref("dim_environments") }}

)

select
    external_access.environment_slug,
    'What the seed external_access, or the relation in its place, says of environment '
    || coalesce(external_access.environment_slug, '(null)')
    || case
        when environments.environment_slug is null
            then ' is not used: no such environment was synced.'
        else ' is not used: its database has accounts, as with the FAB auth manager.'
    end as message
from external_access
left join environments
    on external_access.environment_slug = environments.environment_slug
where coalesce(environments.access_source, 'airflow') <> 'external'
