{#
    A text that Airflow noted beside an event under one of several names; null if there is
    none. JSON writes a quote within a text with a backslash before it, so a text can never
    be taken for a name.
#}
{% macro logged_text(expression, names) -%}
    case
        {%- for name in names %}
        when {{ expression }} like {{ literal('%"' ~ name ~ '": "%') }}
            then nullif({{ text_between(expression, '"' ~ name ~ '": "', '"') }}, '')
        {%- endfor %}
    end
{%- endmacro %}


{#
    The same as Airflow before 2.9 wrote it, a list of pairs in Python's words, but only the
    first pair: later on, a name may as well be a part of some value.
#}
{% macro first_listed_text(expression, names) -%}
    case
        {%- for name in names %}
        when {{ expression }} like {{ literal("[('" ~ name ~ "', '%") }}
            then nullif({{ text_between(expression, "('" ~ name ~ "', '", "'") }}, '')
        {%- endfor %}
    end
{%- endmacro %}


{# The name of an object: in what is safe to look at, or first of all. #}
{% macro logged_name(safe_expression, expression, names) -%}
    coalesce(
        {{ logged_text(safe_expression, names) }}, {{ first_listed_text(expression, names) }}
    )
{%- endmacro %}


{# A number that Airflow noted beside an event as text, in either way. #}
{% macro logged_number(expression, name) -%}
    {%- set noted = (
        "coalesce("
        ~ logged_text(expression, [name])
        ~ ", "
        ~ first_listed_text(expression, [name])
        ~ ")"
    ) -%}
    {{ dbt.safe_cast(noted, dbt.type_bigint()) }}
{%- endmacro %}


{#
    What follows one of several rows of words on the command line, as Python writes them;
    null if that is an option.
#}
{% macro commanded_text(expression, commands) -%}
    case
        {%- for words in commands %}
        {%- set start = "'" ~ (words | join("', '")) ~ "', '" %}
        when
            {{ expression }} like {{ literal("%" ~ start ~ "%") }}
            and {{ expression }} not like {{ literal("%" ~ start ~ "-%") }}
            then nullif({{ text_between(expression, start, "'") }}, '')
        {%- endfor %}
    end
{%- endmacro %}


{# Whether Airflow noted a switch as on, in the words of any version. #}
{% macro is_logged_as_on(expression, names) -%}
    (
        {%- for name in names %}
        {{ "or " if not loop.first }}{{ expression }} like {{ literal('%"' ~ name ~ '": "true"%') }}
        or {{ expression }} like {{ literal('%"' ~ name ~ '": true%') }}
        or {{ expression }} like {{ literal("%('" ~ name ~ "', 'true')%") }}
        {%- endfor %}
    )
{%- endmacro %}


{# The texts of a list that Airflow noted as JSON, with commas between them; null if empty. #}
{% macro logged_list(expression, name) -%}
    nullif(
        replace({{ text_between(expression, '"' ~ name ~ '": ["', '"]') }}, '", "', ', '), ''
    )
{%- endmacro %}
