{# A text as a literal: how a quote in it is written differs. #}
{% macro literal(text) -%}
    '{{ dbt.escape_single_quotes(text) }}'
{%- endmacro %}


{# In place of dbt's own, which takes no care of a backslash: there it begins an escape. #}
{% macro redshift__escape_single_quotes(expression) -%}
    {{ return(expression | replace("\\", "\\\\") | replace("'", "''")) }}
{%- endmacro %}


{# In place of dbt's own, which takes no care of a backslash: there it begins an escape too. #}
{% macro snowflake__escape_single_quotes(expression) -%}
    {{ return(expression | replace("\\", "\\\\") | replace("'", "\\'")) }}
{%- endmacro %}


{# In place of dbt's own, which takes no care of a backslash: there it begins an escape too. #}
{% macro bigquery__escape_single_quotes(expression) -%}
    {{ return(expression | replace("\\", "\\\\") | replace("'", "\\'")) }}
{%- endmacro %}
