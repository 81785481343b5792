{#
    Says what to do where dbt does not. Of a failed test dbt only counts the rows: a test
    whose rows have a column `message` says with it what is wrong. And dbt knows nothing
    of our command for a full refresh, which a mart needs that has other columns than an
    earlier version of this project gave it.
#}
{% macro explain_failures(results) %}
    {%- if execute -%}
        {%- for result in results
            if result.status == "error" and "are out of sync" in (result.message or "")
        -%}
            {%- do log(
                result.node.name ~ " was built by another version of this project. Build anew:"
                ~ " meltano invoke dbt:build-full-refresh", info=true
            ) -%}
        {%- endfor -%}
        {%- for result in results
            if result.status in ["fail", "warn"] and result.node.config.meta.get("explains_itself")
        -%}
            {%- for row in run_query(result.node.compiled_code).rows -%}
                {%- do log(row["message"], info=true) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}
