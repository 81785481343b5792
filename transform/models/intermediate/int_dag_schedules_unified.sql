with dags as (

    select * from {{ ref("stg_airflow__dags") }}

),

-- Airflow 2 keeps JSON, so a cron expression is in quotes.
unquoted as (

    select
        environment_slug,
        dag_id,
        schedule_interval,
        coalesce(
            timetable_summary, replace(schedule_interval, '"', '')
        ) as schedule
    from dags

),

-- It writes a time span as {"type": "timedelta", "attrs": {"days": 1, "seconds": 0,
-- …}}.
spans as (

    select
        environment_slug,
        dag_id,
        cast({{ text_between("schedule_interval", '"days": ', ",") }} as bigint)
            as day_count,
        cast({{ text_between("schedule_interval", '"seconds": ', ",") }} as bigint)
            as second_count
    from dags
    where schedule_interval like '{"type": "timedelta"%'

),

-- Airflow 3 shows the same span as 1 day, 6:00:00.
span_texts as (

    select
        environment_slug,
        dag_id,
        case
            when day_count = 1 then '1 day, '
            when day_count = 0 then ''
            else {{ as_text("day_count") }} || ' days, '
        end
        || {{ as_text("cast(floor(second_count / 3600) as bigint)") }}
        || ':'
        || lpad(
            {{ as_text("cast(floor(mod(second_count, 3600) / 60) as bigint)") }}, 2, '0'
        )
        || ':'
        || lpad({{ as_text("mod(second_count, 60)") }}, 2, '0') as schedule
    from spans

)

select
    unquoted.environment_slug,
    unquoted.dag_id,
    -- The presets and names that Airflow 3 no longer shows.
    case
        when span_texts.schedule is not null then span_texts.schedule
        when unquoted.schedule in ('null', 'None') then null
        when unquoted.schedule = '@hourly' then '0 * * * *'
        when unquoted.schedule = '@daily' then '0 0 * * *'
        when unquoted.schedule = '@weekly' then '0 0 * * 0'
        when unquoted.schedule = '@monthly' then '0 0 1 * *'
        when unquoted.schedule = '@quarterly' then '0 0 1 */3 *'
        when unquoted.schedule = '@yearly' then '0 0 1 1 *'
        when unquoted.schedule like 'Dataset%'
            then replace(unquoted.schedule, 'Dataset', 'Asset')
        else unquoted.schedule
    end as schedule
from unquoted
left join span_texts
    on
        unquoted.environment_slug = span_texts.environment_slug
        and unquoted.dag_id = span_texts.dag_id
