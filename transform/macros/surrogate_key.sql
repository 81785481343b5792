{#
    One text key from several ids. Only ids go in: times and floats print differently
    elsewhere.
#}
{% macro surrogate_key(ids) %}
    {%- set parts = [] -%}
    {%- for id in ids -%}
        {#- The marker and the separator keep (null, a) and (a, null) and ('', a) apart. -#}
        {%- do parts.append(
            "coalesce(cast(" ~ id ~ " as " ~ dbt.type_string() ~ "), '<null>')"
        ) -%}
        {%- if not loop.last -%}
            {%- do parts.append("'|'") -%}
        {%- endif -%}
    {%- endfor -%}
    {{ dbt.hash(dbt.concat(parts)) }}
{%- endmacro %}
