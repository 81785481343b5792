{{ config(severity="warn", meta={"explains_itself": true}) }}

with environments as (

    select * from {{ ref("dim_environments") }}
    where not is_access_known

)

select
    environment_slug,
    'Environment ' || environment_slug || ' has no accounts in its database, as with'
    || ' another auth manager than FAB: who may do what is not known there, and marts'
    || ' of users, roles and permissions are empty. List them in the seed'
    || ' external_access, or in a relation that the var external_access_relation names.'
        as message
from environments
