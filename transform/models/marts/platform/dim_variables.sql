with variables as (

    select * from {{ ref("stg_airflow__variables") }}

),

-- Airflow gives a variable that code sets anew another number. The newest is meant.
ranked as (

    select
        *,
        row_number() over (
            partition by environment_slug, variable_key
            order by is_deleted_at_source asc, variable_id desc
        ) as age_rank
    from variables

),

newest as (

    select
        {{ surrogate_key(["environment_slug", "variable_key"]) }}
            as variable_record_key,
        environment_slug,
        variable_key as variable_name,
        variable_id,
        is_encrypted,
        team_name,
        extracted_at,
        is_deleted_at_source,
        deleted_at_source_at
    from ranked
    where age_rank = 1

)

select * from newest
