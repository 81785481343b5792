{#
    The values of a group in one text, sorted and separated by commas. Only in models
    that do nothing else: not every warehouse can run unit tests over it.
#}
{% macro listed(column_name) -%}
    {{ dbt.listagg(column_name, "', '", "order by " ~ column_name) }}
{%- endmacro %}
