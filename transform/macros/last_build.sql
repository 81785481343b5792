{#
    What the last build made, for build.py: the fingerprint of its views, and until which
    moment of the syncs everything has passed. A view that reads nothing keeps it.
#}
{% macro last_build_relation() %}
    {{ return(api.Relation.create(
        database=target.database,
        schema=target.schema ~ "_staging",
        identifier="last_build",
        type="view",
    )) }}
{% endmacro %}


{# Says it as JSON; {} if there is none, or one of its views is gone. #}
{% macro say_last_build() %}
    {%- set last = {} -%}
    {%- if load_relation(last_build_relation()) and not missing_views() -%}
        {%- set row = run_query(
            "select fingerprint, tested_until from " ~ last_build_relation()
        ).rows[0] -%}
        {%- do last.update({"fingerprint": row[0], "tested_until": row[1]}) -%}
    {%- endif -%}
    {%- do log(tojson(last), info=true) -%}
{% endmacro %}


{% macro missing_views() %}
    {%- set missing = [] -%}
    {%- for node in graph.nodes.values()
        if node.resource_type == "model" and node.config.materialized == "view"
    -%}
        {%- if not adapter.get_relation(node.database, node.schema, node.alias) -%}
            {%- do missing.append(node.alias) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(missing) }}
{% endmacro %}


{#
    At the end of a build. One that build.py did not begin may have made other views: the
    next makes them anew.
#}
{% macro remember_build(results) %}
    {%- set environments = ref("dim_environments") -%}
    {%- set fingerprint = env_var("AIRFLOW_AUDIT_BUILD_FINGERPRINT", "") -%}
    {%- set views = results | selectattr("node.config.materialized", "equalto", "view") | list -%}
    {%- if not execute or flags.WHICH not in ["build", "run"] -%}
    {%- elif not fingerprint -%}
        {%- if views and load_relation(last_build_relation()) -%}
            drop view {{ last_build_relation() }}
        {%- endif -%}
    {%- elif views | rejectattr("status", "equalto", "success") | list | length == 0 -%}
        {%- set tested_until = env_var("AIRFLOW_AUDIT_BUILD_TESTED_UNTIL", "") -%}
        {%- set failed = results | selectattr("status", "in", ["error", "fail", "skipped"]) | list -%}
        {%- if not failed and load_relation(environments) -%}
            {%- set synced_at = run_query(
                "select " ~ asked_moment("min(synced_at)") ~ " as synced_at from "
                ~ environments
            ).rows[0][0] -%}
            {%- set tested_until = (
                moment_text(answered_moment(synced_at)) if synced_at is not none else ""
            ) -%}
        {%- endif -%}
        create or replace view {{ last_build_relation() }} as
        select
            {{ literal(fingerprint) }} as fingerprint,
            {{ literal(tested_until) }} as tested_until
    {%- endif -%}
{% endmacro %}


{#
    In a test, the condition for the rows of an incremental mart that were read since
    everything passed; empty where all are tested.
#}
{% macro read_since_tested() %}
    {%- set tested_until = env_var("AIRFLOW_AUDIT_BUILD_TESTED_UNTIL", "") -%}
    {%- set moments = [] -%}
    {%- if execute and tested_until -%}
        {%- set node = graph.nodes[model.attached_node] -%}
        {%- for column in ["extracted_at", "deleted_at_source_at"]
            if node.config.materialized == "incremental" and column in node.columns
        -%}
            {%- do moments.append(column ~ " > " ~ moment_of_text(tested_until)) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return("(" ~ (moments | join(" or ")) ~ ")" if moments else "") }}
{% endmacro %}
