{#
    Whether somebody had a try made: Airflow itself tries again only what failed, and while
    retries are left. `tries` is the window of one task instance's tries in their order.
#}
{% macro is_rerun(tries) -%}
    coalesce(
            lag(state) over {{ tries }} = 'success'
            or (
                lag(state) over {{ tries }} = 'failed'
                and lag(try_number) over {{ tries }} > lag(retry_limit) over {{ tries }}
            ),
            false
        )
{%- endmacro %}


{# Whether a try is the last one before the first rerun, or the latest if there is none. #}
{% macro is_last_before_rerun(tries) -%}
    coalesce(lead(is_rerun) over {{ tries }}, is_latest_try)
        and max(case when is_rerun then 1 else 0 end) over (
            {{ tries[1:-1] }} rows unbounded preceding
        ) = 0
{%- endmacro %}
