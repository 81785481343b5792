{#
    Says what to do where dbt does not. Of a failed test dbt only counts the rows: a test
    whose rows have a column `message` says with it what is wrong. And a mart that has
    other columns than an earlier version of this project gave it needs a full refresh.
#}
{% macro explain_failures(results) %}
    {%- if execute -%}
        {%- for result in results
            if result.status == "error" and "are out of sync" in (result.message or "")
        -%}
            {%- do log(
                result.node.name ~ " was built by another version of this project. Build anew:"
                ~ " dbt build --full-refresh", info=true
            ) -%}
        {%- endfor -%}
        {%- set memory = [] -%}
        {%- for result in results
            if result.status == "error" and "Out of Memory Error" in (result.message or "")
        -%}
            {%- do memory.append(result.message) -%}
        {%- endfor -%}
        {%- if memory -%}
            {%- do explain_memory(memory | join) -%}
        {%- endif -%}
        {%- for result in results
            if result.status in ["fail", "warn"] and result.node.config.meta.get("explains_itself")
        -%}
            {%- for row in run_query(result.node.compiled_code).rows -%}
                {%- do log(row["message"], info=true) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}


{# DuckDB's errors name neither our setting nor the folder. #}
{% macro explain_memory(said) %}
    {%- set limit, folder = run_query(
        "select current_setting('memory_limit'), current_setting('temp_directory')"
    ).rows[0] -%}
    {%- set more = "let DuckDB have more memory than its " ~ limit
        ~ ", by TARGET_DUCKDB_MEMORY_LIMIT (by default half of the machine's), or take a larger machine"
    -%}
    {%- if "max_temp_directory_size" in said -%}
        {%- do log(
            "The folder for what does not fit into memory is full: " ~ folder
            ~ ". Make room there, or " ~ more, info=true
        ) -%}
    {%- else -%}
        {%- do log("To build this, " ~ more, info=true) -%}
    {%- endif -%}
{% endmacro %}
