{#
    dbt only counts the rows of a failed test. A test whose rows have a column `message`
    says with it what is wrong and what to do: print them.
#}
{% macro explain_failures(results) %}
    {%- if execute -%}
        {%- for result in results
            if result.status in ["fail", "warn"] and result.node.config.meta.get("explains_itself")
        -%}
            {%- for row in run_query(result.node.compiled_code).rows -%}
                {%- do log(row["message"], info=true) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}
