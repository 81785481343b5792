with connections as (

    select * from {{ ref("stg_airflow__connections") }}

),

-- Deleted in Airflow and made again, it has another number. The newest is meant.
ranked as (

    select
        *,
        row_number() over (
            partition by environment_slug, conn_id
            order by is_deleted_at_source asc, connection_id desc
        ) as age_rank
    from connections

),

newest as (

    select
        {{ surrogate_key(["environment_slug", "conn_id"]) }} as connection_key,
        environment_slug,
        conn_id,
        connection_id,
        conn_type,
        host,
        port,
        connection_schema,
        {{ has_login("login_presence") }} as has_login,
        is_encrypted,
        is_extra_encrypted,
        team_name,
        extracted_at,
        is_deleted_at_source,
        deleted_at_source_at
    from ranked
    where age_rank = 1

)

select * from newest
