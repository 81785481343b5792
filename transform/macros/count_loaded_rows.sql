{#
    Prints, one JSON object a line, how many rows each table of a schema has, and how many
    of them were read in one moment, or had been read before and were unchanged then; null
    if the table is not there. For `dbt run-operation`, by those who load in steps and
    check each.
#}
{% macro count_loaded_rows(schema, table_names, extracted_at) %}
    {%- set moment = "cast(" ~ literal(extracted_at) ~ " as "
        ~ native_type("timestamp with time zone") ~ ")" -%}
    {%- set there = loaded_tables(schema, table_names) -%}
    {%- set manifest = loaded_relation(schema, "_sync_manifest") -%}
    {%- for table_name in table_names -%}
        {%- set relation = loaded_relation(schema, table_name) -%}
        {%- set counts = {"table": table_name, "rows": none, "rows_of_moment": none} -%}
        {%- if table_name in there -%}
            {%- set found = run_query(
                "select count(*), count(case when _sdc_extracted_at = loaded_at then 1 end)"
                ~ " from " ~ relation
                ~ " cross join (select coalesce(max(unchanged_since_at), " ~ moment ~ ") as loaded_at"
                ~ " from " ~ manifest ~ " where table_name = " ~ literal(table_name)
                ~ " and _sdc_extracted_at = " ~ moment ~ ") as loaded"
            ).rows[0] -%}
            {%- do counts.update(rows=found[0] | int, rows_of_moment=found[1] | int) -%}
        {%- endif -%}
        {%- do print(tojson(counts)) -%}
    {%- endfor -%}
{% endmacro %}
