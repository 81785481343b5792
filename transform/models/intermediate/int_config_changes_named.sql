with config_changes as (

    select * from {{ ref("int_config_changes_parsed") }}

),

connections as (

    select * from {{ ref("stg_airflow__connections") }}

),

variables as (

    select * from {{ ref("stg_airflow__variables") }}

),

pools as (

    select * from {{ ref("stg_airflow__slot_pools") }}

),

-- Deleting on a page of Airflow 2 names only the number. What had it is still known if
-- it was ever synced.
named as (

    select
        config_changes.environment_slug,
        config_changes.log_id,
        config_changes.logged_at,
        config_changes.object_type,
        coalesce(
            config_changes.object_name,
            connections.conn_id,
            variables.variable_key,
            pools.pool_name
        ) as object_name,
        config_changes.role_name
    from config_changes
    left join connections
        on
            config_changes.environment_slug = connections.environment_slug
            and config_changes.object_type = 'connection'
            and config_changes.object_id = connections.connection_id
    left join variables
        on
            config_changes.environment_slug = variables.environment_slug
            and config_changes.object_type = 'variable'
            and config_changes.object_id = variables.variable_id
    left join pools
        on
            config_changes.environment_slug = pools.environment_slug
            and config_changes.object_type = 'pool'
            and config_changes.object_id = pools.pool_id

)

select * from named
