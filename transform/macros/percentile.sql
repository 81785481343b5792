{#
    The value of a group below which a share of it lies, interpolated; nulls do not count.
    Only in models that do nothing else: not every warehouse can run unit tests over it.
    A query may sort by one expression alone: Redshift refuses a second one.
#}
{% macro percentile(expression, share) -%}
    {{ adapter.dispatch("percentile", "airflow_audit")(expression, share) }}
{%- endmacro %}


{% macro default__percentile(expression, share) -%}
    percentile_cont({{ share }}) within group (order by {{ expression }})
{%- endmacro %}


{# There percentile_cont is no aggregate: interpolate between two of the sorted values. #}
{% macro bigquery__percentile(expression, share) -%}
    {%- set sorted = "array_agg(" ~ expression ~ " ignore nulls order by " ~ expression ~ ")" -%}
    {%- set place = share ~ " * (count(" ~ expression ~ ") - 1)" -%}
    {%- set below = sorted ~ "[safe_offset(cast(floor(" ~ place ~ ") as int64))]" -%}
    {%- set above = sorted ~ "[safe_offset(cast(ceil(" ~ place ~ ") as int64))]" -%}
    {{ below }} + ({{ above }} - {{ below }}) * ({{ place }} - floor({{ place }}))
{%- endmacro %}
