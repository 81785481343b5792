{#
    Days and hours of UTC, and moments so many of them later. The profiles keep the
    session's time zone at UTC.
#}
{% macro day_of(moment) -%}
    {{ adapter.dispatch("day_of", "airflow_audit")(moment) }}
{%- endmacro %}


{% macro default__day_of(moment) -%}
    cast({{ dbt.date_trunc("day", moment) }} as date)
{%- endmacro %}


{# Twenty times as fast there as what asks the session's time zone. #}
{% macro duckdb__day_of(moment) -%}
    cast(make_timestamp(epoch_us({{ moment }})) as date)
{%- endmacro %}


{# Its midnight. #}
{% macro moment_of_day(day) -%}
    cast({{ day }} as {{ native_type("timestamp with time zone") }})
{%- endmacro %}


{% macro month_of(moment) -%}
    cast({{ dbt.date_trunc("month", moment) }} as date)
{%- endmacro %}


{% macro days_after(day, count) -%}
    cast({{ dbt.dateadd("day", count, day) }} as date)
{%- endmacro %}


{% macro days_between(earlier, later) -%}
    {{ dbt.datediff(earlier, later, "day") }}
{%- endmacro %}


{% macro hours_between(earlier, later) -%}
    {{ dbt.datediff(without_zone(earlier), without_zone(later), "hour") }}
{%- endmacro %}


{# Whole, so that sums are exact. #}
{% macro microseconds_between(earlier, later) -%}
    {{ adapter.dispatch("microseconds_between", "airflow_audit")(earlier, later) }}
{%- endmacro %}


{% macro duckdb__microseconds_between(earlier, later) -%}
    (epoch_us({{ later }}) - epoch_us({{ earlier }}))
{%- endmacro %}


{% macro default__microseconds_between(earlier, later) -%}
    {{ dbt.datediff(without_zone(earlier), without_zone(later), "microsecond") }}
{%- endmacro %}


{% macro without_zone(moment) -%}
    {{ adapter.dispatch("without_zone", "airflow_audit")(moment) }}
{%- endmacro %}


{% macro default__without_zone(moment) -%}
    {{ moment }}
{%- endmacro %}


{# There datediff takes no time with a zone. #}
{% macro redshift__without_zone(moment) -%}
    cast({{ moment }} as timestamp)
{%- endmacro %}


{% macro hour_of(moment) -%}
    {{ adapter.dispatch("hour_of", "airflow_audit")(moment) }}
{%- endmacro %}


{% macro default__hour_of(moment) -%}
    {{ dbt.date_trunc("hour", moment) }}
{%- endmacro %}


{% macro duckdb__hour_of(moment) -%}
    make_timestamptz(
        epoch_us(date_trunc('hour', make_timestamp(epoch_us({{ moment }}))))
    )
{%- endmacro %}


{# There date_trunc and dateadd are documented for times without a zone. #}
{% macro redshift__hour_of(moment) -%}
    cast({{ dbt.date_trunc("hour", without_zone(moment)) }} as timestamptz)
{%- endmacro %}


{% macro hours_after(moment, count) -%}
    {{ adapter.dispatch("hours_after", "airflow_audit")(moment, count) }}
{%- endmacro %}


{% macro default__hours_after(moment, count) -%}
    {{ dbt.dateadd("hour", count, moment) }}
{%- endmacro %}


{% macro redshift__hours_after(moment, count) -%}
    cast({{ dbt.dateadd("hour", count, without_zone(moment)) }} as timestamptz)
{%- endmacro %}


{# There dateadd makes a time without a zone. #}
{% macro bigquery__hours_after(moment, count) -%}
    timestamp_add({{ moment }}, interval {{ count }} hour)
{%- endmacro %}


{# Days and hours since 1970, for keys: times print differently elsewhere. #}
{% macro day_number(day) -%}
    {{ days_between("cast('1970-01-01' as date)", day) }}
{%- endmacro %}


{% macro hour_number(moment) -%}
    ({{ day_number(day_of(moment)) }} * 24 + cast(extract(hour from {{ moment }}) as bigint))
{%- endmacro %}
