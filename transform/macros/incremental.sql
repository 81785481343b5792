{#
    What an incremental fact has already, as a query: per environment, the last sync that
    it knows of. All tables of one sync are read in one moment, and whatever changes
    afterwards gets the moment of a later one.
#}
{% macro built_until() %}
    select
        environment_slug,
        {{ hours_after(
            "max(" ~ latest_of("extracted_at", ["deleted_at_source_at"]) ~ ")",
            -1 * var("lookback_hours")
        ) }} as built_until
    from {{ this }}
    group by environment_slug
{% endmacro %}


{#
    For the end of a `from`, in an incremental build: keeps the rows of task instances of
    which anything changed since: themselves, an earlier try, or which run their run_id
    means. All tries of one are built together, since each may decide the number of
    another.
#}
{% macro of_changed_task_instances(relation) %}
    {%- set task_instances = ref("int_task_instances_unified") -%}
    {%- set run_ids = ref("int_run_ids_resolved") -%}
    {%- set earlier_tries = [
        ref("stg_airflow__task_instance_histories"), ref("stg_airflow__task_fails")
    ] -%}
    {%- set ids = task_instance_ids() -%}
    {%- if is_incremental() %}
    inner join (
        {%- for changing, changed_at in [
            (task_instances, "changing.changed_at"),
            (earlier_tries[0], latest_of("changing.extracted_at", ["changing.deleted_at_source_at"])),
            (earlier_tries[1], latest_of("changing.extracted_at", ["changing.deleted_at_source_at"])),
        ] %}
        select changing.{{ ids | join(", changing.") }}
        from {{ changing }} as changing
        left join ({{ built_until() }}) as built
            on changing.environment_slug = built.environment_slug
        where built.built_until is null or {{ changed_at }} > built.built_until
        union distinct
        {%- endfor %}
        select changing.{{ ids | join(", changing.") }}
        from {{ task_instances }} as changing
        inner join (
            select run_ids.*
            from {{ run_ids }} as run_ids
            inner join ({{ built_until() }}) as built
                on run_ids.environment_slug = built.environment_slug
            where run_ids.extracted_at > built.built_until
        ) as changed_runs
            on
                changing.environment_slug = changed_runs.environment_slug
                and changing.dag_id = changed_runs.dag_id
                and changing.run_id = changed_runs.run_id
    ) as changed
        on
            {%- for column in ids %}
            {{ relation }}.{{ column }} = changed.{{ column }}
            {{- " and" if not loop.last }}
            {%- endfor %}
    {%- endif %}
{% endmacro %}


{% macro task_instance_ids() %}
    {{ return(["environment_slug", "dag_id", "run_id", "task_id", "map_index"]) }}
{% endmacro %}


{#
    After an incremental build: removes the fact's rows that the model it is made from no
    longer has. Rows of environments that are no longer named are among them, tries that
    got another number, and, in mode mirror, what is gone from Airflow. Since every row of
    the model is in the fact by then, equal counts tell that there are none; looking for
    them costs far more than counting.
#}
{% macro remove_rows_not_in(parent, key) %}
    {%- if execute and is_incremental() -%}
        {%- set counted = run_query(
            "select (select count(*) from " ~ this ~ ") as fact_rows,"
            ~ " (select count(*) from " ~ parent ~ ") as parent_rows"
        ).rows[0] -%}
        {%- if counted[0] != counted[1] %}
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
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
