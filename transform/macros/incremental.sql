{#
    What an incremental fact has already, as a query: per environment, the moment from
    which on changes are looked at again.

    All tables of one sync are read in one moment, and every input of a row that changed
    has that moment, so nothing older can be missing. The lookback is for a source whose
    clock was set back.
#}
{% macro built_until() %}
    select
        environment_slug,
        {{ dbt.dateadd(
            "hour",
            -1 * var("lookback_hours"),
            "max(" ~ latest_of("extracted_at", ["deleted_at_source_at"]) ~ ")"
        ) }} as built_until
    from {{ this }}
    group by environment_slug
{% endmacro %}


{#
    For the end of a `from`, in an incremental build: keeps the rows of task instances of
    which anything changed since. All tries of one are built together, since each may
    decide the number of another.
#}
{% macro of_changed_task_instances(relation) %}
    {%- set changes = ref("int_task_instance_changes_dated") -%}
    {%- if is_incremental() %}
    inner join (
        select changes.*
        from {{ changes }} as changes
        left join (
            {{ built_until() }}
        ) as built
            on changes.environment_slug = built.environment_slug
        where
            built.built_until is null
            or changes.changed_at >= built.built_until
    ) as changed
        on
            {%- for column in task_instance_ids() %}
            {{ relation }}.{{ column }} = changed.{{ column }}
            {{- " and" if not loop.last }}
            {%- endfor %}
    {%- endif %}
{% endmacro %}


{% macro task_instance_ids() %}
    {{ return(["environment_slug", "dag_id", "run_id", "task_id", "map_index"]) }}
{% endmacro %}


{#
    Before an incremental build: removes the fact's rows that the model it is made from no
    longer has. Rows of environments that are no longer named are among them, tries that
    got another number, and, in mode mirror, what is gone from Airflow.
#}
{% macro remove_rows_not_in(parent, key) %}
    {%- if is_incremental() %}
    delete from {{ this }}
    where not exists (
        select 1
        from {{ parent }} as parent
        where
            {%- for column in key %}
            parent.{{ column }} = {{ this.identifier }}.{{ column }}
            {{- " and" if not loop.last }}
            {%- endfor %}
    )
    {%- endif %}
{% endmacro %}
