{#
    In place of dbt's own, which take no care of a backslash: in these warehouses it begins
    an escape.
#}
{% macro redshift__escape_single_quotes(expression) -%}
    {{ return(expression | replace("\\", "\\\\") | replace("'", "''")) }}
{%- endmacro %}


{% macro snowflake__escape_single_quotes(expression) -%}
    {{ return(expression | replace("\\", "\\\\") | replace("'", "\\'")) }}
{%- endmacro %}


{% macro bigquery__escape_single_quotes(expression) -%}
    {{ return(expression | replace("\\", "\\\\") | replace("'", "\\'")) }}
{%- endmacro %}
