{#
    The columns of a finding, for the select of a rule. See CONTRIBUTING.md, "Add a rule".

    rule             name of the rule, that of its model without `rule_`
    severity         high, medium or low; or an expression that says it
    rows             relation with environment_slug and synced_at
    ids              mapping from dag_id, task_id, run_id, username, object_name or user_key
                     to an expression; run_id and user_key are not part of the key
    occurrence       id that tells one finding about the same thing from another, for what
                     happened once; left out: there is one as long as it lasts
    sentence         parts of a text, which are put together
    measured, usual  what was measured, and what it is compared with
    unit             of both
    began_at         since when it is so
    happened_at      when it was last seen to happen
#}
{% macro finding(
    rule, severity, rows, ids, sentence, measured, usual, unit, began_at, happened_at,
    occurrence=none
) -%}
    {%- set slug = rows ~ ".environment_slug" -%}
    {%- set no_text = "cast(null as " ~ native_type("varchar") ~ ")" -%}
    {%- set number = native_type("double") -%}
    {%- set key = [literal(rule), slug] -%}
    {%- for name in ["dag_id", "task_id", "username", "object_name"] -%}
        {%- do key.append(ids[name] or no_text) -%}
    {%- endfor -%}
    {%- set subject = [] -%}
    {%- if ids.task_id -%}
        {%- do subject.append(words([ids.dag_id, "'.'", ids.task_id])) -%}
    {%- endif -%}
    {%- for name in ["dag_id", "username", "object_name"] if ids[name] -%}
        {%- do subject.append(ids[name]) -%}
    {%- endfor -%}
    {%- if severity in ("high", "medium", "low") -%}
        {%- set severity = literal(severity) -%}
    {%- endif -%}
    {{ surrogate_key(key + [occurrence or no_text]) }} as finding_key,
    {{ literal(rule) }} as rule_name,
    {{ severity }} as severity,
    {{ slug }} as environment_slug,
    {{ surrogate_key([slug, ids.dag_id]) if ids.dag_id else no_text }} as dag_key,
    {{ ids.user_key or no_text }} as user_key,
    coalesce({{ (subject + [slug]) | join(", ") }}) as subject,
    {%- for name in ["dag_id", "task_id", "run_id", "username", "object_name"] %}
    {{ ids[name] or no_text }} as {{ name }},
    {%- endfor %}
    {{ words(sentence) }} as sentence,
    cast({{ measured }} as {{ number }}) as measured_value,
    cast({{ usual }} as {{ number }}) as usual_value,
    {{ literal(unit) }} as value_unit,
    {{ began_at }} as began_at,
    {{ happened_at }} as last_happened_at,
    {{ rows }}.synced_at
{%- endmacro %}


{# What all rules find, with the place of each rule in the list. #}
{% macro unioned_findings(rules) -%}
    {%- for rule in rules %}
    select
        found.*,
        cast({{ loop.index }} as bigint) as rule_number
    from {{ rule }} as found
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
{%- endmacro %}


{# To sort by: what is more urgent is less. #}
{% macro severity_number(severity) -%}
    case {{ severity }} when 'high' then 1 when 'medium' then 2 else 3 end
{%- endmacro %}


{# Texts in a row. #}
{% macro words(parts) -%}
    {{ dbt.concat(parts) }}
{%- endmacro %}


{# A number and what it counts: 1 run, 2 runs. #}
{% macro counted_text(number, noun) -%}
    {{ words([
        as_text(number), literal(" " ~ noun),
        "case when " ~ number ~ " = 1 then '' else 's' end",
    ]) }}
{%- endmacro %}


{# A length of time in words, in the unit that leaves two digits or three. #}
{% macro duration_text(seconds) -%}
    case
        {%- for limit, size, noun in [
            (120, 1, "second"), (7200, 60, "minute"), (172800, 3600, "hour"),
            (none, 86400, "day"),
        ] %}
        {{ "when " ~ seconds ~ " < " ~ limit ~ " then" if limit else "else" }}
            {{ counted_text(
                "cast(round(" ~ seconds ~ " / " ~ size ~ ") as bigint)", noun
            ) }}
        {%- endfor %}
    end
{%- endmacro %}


{# A share in percent. #}
{% macro percent_text(share) -%}
    {{ words([as_text("cast(round(100 * " ~ share ~ ") as bigint)"), "' %'"]) }}
{%- endmacro %}


{# The day of a moment (UTC), as in 2026-01-31. #}
{% macro date_text(moment) -%}
    {{ as_text(day_of(moment)) }}
{%- endmacro %}


{# With hour and minute, as in 2026-01-31 22:47 UTC. #}
{% macro minute_text(moment) -%}
    {{ words([
        date_text(moment),
        "' '",
        two_digits("extract(hour from " ~ moment ~ ")"),
        "':'",
        two_digits("extract(minute from " ~ moment ~ ")"),
        "' UTC'",
    ]) }}
{%- endmacro %}


{% macro two_digits(number) -%}
    right({{ words(["'0'", as_text("cast(" ~ number ~ " as bigint)")]) }}, 2)
{%- endmacro %}


{#
    Whether a measure of a row of int_compared_dags_judged grew: beyond chance, by a share, and
    by so many seconds.
#}
{% macro has_grown(dags, measure_name, least_seconds) -%}
    {{ dags }}.measure_name = {{ literal(measure_name) }}
    and {{ dags }}.is_beyond_chance
    and {{ dags }}.p50_seconds
    >= (1 + {{ var("slower_share") }}) * {{ dags }}.earlier_p50_seconds
    and {{ dags }}.p50_seconds - {{ dags }}.earlier_p50_seconds >= {{ least_seconds }}
{%- endmacro %}


{#
    Whether of `count` values so many are above what half of them would be above if nothing
    had changed that chance does not explain it: a sign test, by the var noise_deviations.
#}
{% macro is_beyond_chance(above, count) -%}
    (2 * {{ above }} - {{ count }}) >= {{ var("noise_deviations") }} * sqrt({{ count }})
{%- endmacro %}
