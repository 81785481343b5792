with numbers as (

    select * from {{ ref("int_numbers_generated") }}

),

-- Airflow is of 2015.
days as (

    select
        {{ days_after("cast('2015-01-01' as date)", "counted_number") }} as day_on
    from numbers
    where counted_number < 12784

),

weekdays as (

    select
        day_on,
        cast({{ weekday_number("day_on") }} as bigint) as weekday_number
    from days

)

select
    day_on,
    {{ month_of("day_on") }} as month_on,
    {{ days_after("day_on", "(1 - weekday_number)") }} as week_on,
    cast(extract(year from day_on) as bigint) as year_number,
    cast(extract(quarter from day_on) as bigint) as quarter_number,
    cast(extract(month from day_on) as bigint) as month_number,
    cast(extract(day from day_on) as bigint) as day_of_month_number,
    weekday_number,
    weekday_number > 5 as is_weekend
from weekdays
