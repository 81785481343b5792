{#
    What the warehouse calls a type. The project itself says varchar, bigint, double,
    boolean, timestamp with time zone and json, in its descriptions too.
#}
{% macro native_type(data_type) %}
    {{ return(adapter.dispatch("native_types", "airflow_audit")().get(data_type, data_type)) }}
{% endmacro %}


{# The columns of a table to be created, as they stand in a contract, and its key. #}
{% macro column_definitions(columns, primary_key=[]) %}
    (
        {%- for column in columns.values() %}
        {{ column.name }} {{ native_type(column.data_type) }}{{ "," if not loop.last }}
        {%- endfor %}
        {%- if primary_key %}
        {{- adapter.dispatch("declared_key", "airflow_audit")(primary_key) }}
        {%- endif %}
    )
{% endmacro %}


{# What tools that draw diagrams, and planners, read. Tests hold it, no warehouse. #}
{% macro default__declared_key(columns) %}
        , primary key ({{ columns | join(", ") }})
{% endmacro %}


{% macro bigquery__declared_key(columns) %}
        , primary key ({{ columns | join(", ") }}) not enforced
{% endmacro %}


{# DuckDB would enforce it, with an index in memory. #}
{% macro duckdb__declared_key(columns) %}
{% endmacro %}


{% macro default__native_types() %}
    {{ return({}) }}
{% endmacro %}


{# JSON cannot be loaded into a variant from Parquet, so it comes as text. #}
{% macro snowflake__native_types() %}
    {{ return({"json": "varchar"}) }}
{% endmacro %}


{# A column that is just varchar holds 256 bytes. JSON is loaded as text. #}
{% macro redshift__native_types() %}
    {{ return({
        "varchar": "varchar(65535)",
        "double": "double precision",
        "json": "varchar(65535)",
    }) }}
{% endmacro %}


{# JSON cannot be loaded into the JSON type from Parquet, so it comes as text. #}
{% macro bigquery__native_types() %}
    {{ return({
        "varchar": "string",
        "double": "float64",
        "timestamp with time zone": "timestamp",
        "json": "string",
    }) }}
{% endmacro %}
