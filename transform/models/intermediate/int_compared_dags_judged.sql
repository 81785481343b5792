with runs as (

    select * from {{ ref("int_compared_runs_listed") }}

),

medians as (

    select * from {{ ref("int_compared_runs_medians") }}

),

compared as (

    select
        recent.environment_slug,
        recent.dag_id,
        recent.measure_name,
        recent.run_count,
        earlier.run_count as earlier_run_count,
        recent.p50_seconds,
        earlier.p50_seconds as earlier_p50_seconds,
        recent.first_at,
        recent.last_at
    from medians as recent
    inner join medians as earlier
        on
            recent.environment_slug = earlier.environment_slug
            and recent.dag_id = earlier.dag_id
            and recent.measure_name = earlier.measure_name
            and recent.is_recent
            and not earlier.is_recent

),

longer as (

    select
        runs.environment_slug,
        runs.dag_id,
        runs.measure_name,
        count(*) as run_count
    from runs
    inner join compared
        on
            runs.environment_slug = compared.environment_slug
            and runs.dag_id = compared.dag_id
            and runs.measure_name = compared.measure_name
            and runs.measured_seconds > compared.earlier_p50_seconds
    where runs.is_recent
    group by runs.environment_slug, runs.dag_id, runs.measure_name

)

select
    compared.environment_slug,
    compared.dag_id,
    compared.measure_name,
    compared.run_count,
    compared.earlier_run_count,
    coalesce(longer.run_count, 0) as longer_run_count,
    compared.p50_seconds,
    compared.earlier_p50_seconds,
    compared.first_at,
    compared.last_at,
    compared.run_count >= {{ var("compared_runs") }}
    and compared.earlier_run_count >= {{ var("compared_runs") }}
    and {{ is_beyond_chance("coalesce(longer.run_count, 0)", "compared.run_count") }}
        as is_beyond_chance
from compared
left join longer
    on
        compared.environment_slug = longer.environment_slug
        and compared.dag_id = longer.dag_id
        and compared.measure_name = longer.measure_name
