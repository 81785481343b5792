{#
    What the figures of analyses/report are about. The command audit-report says it in the
    environment: AUDIT_REPORT_SINCE and AUDIT_REPORT_UNTIL (ISO 8601, UTC), and maybe
    AUDIT_REPORT_ENVIRONMENTS (slugs, comma separated), AUDIT_REPORT_TEAM and
    AUDIT_REPORT_TAG. Without them: everything of the four weeks before now.
#}
{% macro in_period(moment) -%}
    {%- set period = report_period() -%}
    ({{ moment }} >= {{ moment_literal(period.since) }}
        and {{ moment }} < {{ moment_literal(period.until) }})
{%- endmacro %}


{# The period before is as long. #}
{% macro in_both_periods(moment) -%}
    {%- set period = report_period() -%}
    ({{ moment }} >= {{ moment_literal(period.before) }}
        and {{ moment }} < {{ moment_literal(period.until) }})
{%- endmacro %}


{# Whether data from this moment on cover the period before, but for a quiet first day. #}
{% macro begins_with_period_before(moment) -%}
    {%- set first_day = report_period().before + modules.datetime.timedelta(days=1) -%}
    ({{ moment }} < {{ moment_literal(first_day) }})
{%- endmacro %}


{# Of a moment that is in one of both: current or previous. #}
{% macro period_name(moment) -%}
    case
        when {{ moment }} >= {{ moment_literal(report_period().since) }} then 'current'
        else 'previous'
    end
{%- endmacro %}


{# For what is told by the day: the days that the period has whole. #}
{% macro on_whole_days(day) -%}
    {%- set period = report_period() -%}
    {%- set almost_a_day = modules.datetime.timedelta(days=1, microseconds=-1) -%}
    ({{ day }} >= {{ day_literal(period.since + almost_a_day) }}
        and {{ day }} < {{ day_literal(period.until) }})
{%- endmacro %}


{# Whether something that lasted from one moment to another, or still lasts, was in it. #}
{% macro touches_period(from_moment, to_moment) -%}
    {%- set period = report_period() -%}
    ({{ from_moment }} < {{ moment_literal(period.until) }}
        and coalesce({{ to_moment }} > {{ moment_literal(period.since) }}, true))
{%- endmacro %}


{% macro is_after_begin_of_period(moment) -%}
    {{ moment }} >= {{ moment_literal(report_period().since) }}
{%- endmacro %}


{% macro is_before_end_of_period(moment) -%}
    {{ moment }} < {{ moment_literal(report_period().until) }}
{%- endmacro %}


{% macro report_period() %}
    {%- set until = _report_moment("AUDIT_REPORT_UNTIL") or run_started_at -%}
    {%- set since = (
        _report_moment("AUDIT_REPORT_SINCE") or until - modules.datetime.timedelta(days=28)
    ) -%}
    {{ return({"until": until, "since": since, "before": since - (until - since)}) }}
{% endmacro %}


{% macro _report_moment(variable) %}
    {%- set text = env_var(variable, "") -%}
    {%- if text -%}
        {%- set moment = modules.datetime.datetime.fromisoformat(text) -%}
        {%- set utc = modules.pytz.utc -%}
        {{ return(moment.astimezone(utc) if moment.tzinfo else moment.replace(tzinfo=utc)) }}
    {%- endif -%}
{% endmacro %}


{% macro day_literal(moment) -%}
    cast('{{ moment.strftime("%Y-%m-%d") }}' as date)
{%- endmacro %}


{% macro of_environments(environment_slug) -%}
    {%- set slugs = [] -%}
    {%- for slug in env_var("AUDIT_REPORT_ENVIRONMENTS", "").split(",") if slug | trim -%}
        {%- do slugs.append(literal(slug | trim)) -%}
    {%- endfor -%}
    {%- if slugs -%}
        {{ environment_slug }} in ({{ slugs | join(", ") }})
    {%- else -%}
        1 = 1
    {%- endif -%}
{%- endmacro %}


{#
    Whether a row is of a DAG of the team and with the tag that are asked for. Without
    them also rows of DAGs that were gone before the first sync count, and of none.
#}
{% macro of_dags(dag_key) -%}
    {#- In either case, because dbt looks for it while it parses. -#}
    {%- set dags = ref("dim_dags") -%}
    {%- if is_of_some_dags() -%}
        {{ dag_key }} in (select dag_key from {{ dags }} where {{ is_dag_asked_for() }})
    {%- else -%}
        1 = 1
    {%- endif -%}
{%- endmacro %}


{% macro is_of_some_dags() %}
    {{ return(env_var("AUDIT_REPORT_TEAM", "") != "" or env_var("AUDIT_REPORT_TAG", "") != "") }}
{% endmacro %}


{# Of a row of dim_dags. #}
{% macro is_dag_asked_for() -%}
    {%- set team = env_var("AUDIT_REPORT_TEAM", "") -%}
    {%- set tag = env_var("AUDIT_REPORT_TAG", "") -%}
    {%- set conditions = [] -%}
    {%- if team -%}
        {%- do conditions.append(names("coalesce(team_name, owner_names)", team)) -%}
    {%- endif -%}
    {%- if tag -%}
        {%- do conditions.append(names("tag_names", tag)) -%}
    {%- endif -%}
    {{ conditions | join(" and ") or "1 = 1" }}
{%- endmacro %}


{# Whether a text such as 'finance, tier-1' names this one. #}
{% macro names(listed_names, name) -%}
    {{ dbt.position(
        literal(", " ~ name ~ ", "), dbt.concat(["', '", listed_names, "', '"])
    ) }} > 0
{%- endmacro %}


{#
    What follows a common table expression `tries`, with dag_key, slot_seconds and
    wasted_slot_seconds: the slot-hours of each owner or tag. A DAG of several counts in equal
    parts.

    bridge  relation with dag_key and the owner or tag
    name    column of the result
    shown   the owner or tag as the report shows it
#}
{% macro slot_hours_by(bridge, name, shown) -%}
tries_summed as (

    select
        dag_key,
        sum(slot_seconds) / 3600 as slot_hours,
        sum(wasted_slot_seconds) / 3600 as wasted_slot_hours
    from tries
    group by dag_key

),

named as (

    select
        tries.slot_hours,
        tries.wasted_slot_hours,
        {{ shown }} as {{ name }},
        count(*) over (partition by tries.dag_key) as name_count
    from tries_summed as tries
    left join {{ bridge }} as named_dags on tries.dag_key = named_dags.dag_key

),

summed as (

    select
        {{ name }},
        sum(slot_hours / name_count) as slot_hours,
        sum(wasted_slot_hours / name_count) as wasted_slot_hours
    from named
    group by {{ name }}

)

select
    {{ name }},
    slot_hours,
    wasted_slot_hours,
    {{ share("wasted_slot_hours", "slot_hours") }} as wasted_share,
    {{ share("slot_hours", "sum(slot_hours) over ()") }} as slot_hours_share
    {%- if setting("cost_per_slot_hour") %},
    slot_hours * {{ setting("cost_per_slot_hour") }} as slot_hours_cost
    {%- endif %}
from summed
order by slot_hours desc, {{ name }} asc
{%- endmacro %}


{#
    A common table expression: what each environment is called in a chart, which stays
    readable with the six that ran most and the others together.
#}
{% macro charted_environments() -%}
charted_environments as (

    select
        environment_slug,
        case
            when
                row_number() over (
                    order by
                        sum(case when {{ in_period("started_at") }} then 1 else 0 end) desc,
                        environment_slug asc
                ) <= 6
                then environment_slug
            else 'other environments'
        end as environment
    from {{ ref("fct_dag_runs") }}
    where {{ of_environments("environment_slug") }} and {{ of_dags("dag_key") }}
    group by environment_slug

)
{%- endmacro %}


{#
    A common table expression `tiles`: one row per metric, with its values in both
    periods. Of `measured`, one row per period_name with a column per metric.
#}
{% macro tiles(metrics) -%}
numbered as (

    {% for metric in metrics -%}
    select
        {{ loop.index }} as metric_number,
        '{{ metric }}' as metric,
        period_name,
        cast({{ metric }} as {{ native_type("double") }}) as metric_value
    from measured
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}

),

tiles as (

    select
        metric_number,
        metric,
        max(case when period_name = 'current' then metric_value end) as current_value,
        max(case when period_name = 'previous' then metric_value end) as previous_value
    from numbered
    group by metric_number, metric

)
{%- endmacro %}


{# Why a row is shown, in words: of each flag that holds, what it is called. #}
{% macro reasons(words) -%}
    {%- set parts = [] -%}
    {%- for flag, word in words.items() -%}
        {%- do parts.append("case when " ~ flag ~ " then ', " ~ word ~ "' else '' end") -%}
    {%- endfor -%}
    substring({{ dbt.concat(parts) }}, 3, 1000)
{%- endmacro %}


{# 1 for Monday to 7 for Sunday: which day a week begins with differs. #}
{% macro weekday_number(day) -%}
    mod({{ days_between("cast('1970-01-05' as date)", day) }}, 7) + 1
{%- endmacro %}
