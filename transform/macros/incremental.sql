{#
    Which rows of `relation` are new in an incremental build, as a condition: those of which
    something changed after the last sync that the model knows of, or whose environment is
    not there yet. All tables of one sync are read in one moment, and whatever changes
    afterwards gets the moment of a later one. With the moments themselves, and no query for
    them, warehouses read no more of a big table than they have to.
#}
{% macro changed_since_built(relation, changed_at=none, built_at=none) %}
    {%- set changed_at = changed_at or latest_of(
        relation ~ ".extracted_at", [relation ~ ".deleted_at_source_at"]
    ) -%}
    {%- set built_at = built_at or latest_of("extracted_at", ["deleted_at_source_at"]) -%}
    {%- set built_until = asked_moment("max(" ~ built_at ~ ")") -%}
    {%- set lookback = modules.datetime.timedelta(hours=var("lookback_hours")) -%}
    {%- set conditions = [] -%}
    {%- for slug, microseconds in run_query(
        "select environment_slug, " ~ built_until ~ " as built_until from " ~ this
        ~ " group by environment_slug having max(" ~ built_at ~ ") is not null"
    ).rows -%}
        {%- set moment = moment_literal(answered_moment(microseconds) - lookback) -%}
        {%- do conditions.append(
            " when " ~ literal(slug) ~ " then " ~ changed_at ~ " > " ~ moment
        ) -%}
    {%- endfor -%}
    {{ return(
        "case " ~ relation ~ ".environment_slug" ~ conditions | join ~ " else true end"
        if conditions else "true"
    ) }}
{% endmacro %}


{#
    For the end of a `from`, in an incremental build: keeps the rows of task instances that
    `changes` (int_task_instances_changed) tells of. All tries of one are built together,
    since each may decide the number of another.
#}
{% macro of_changed_task_instances(relation, changes) %}
    {%- if is_incremental() %}
    inner join (
        select distinct changes.{{ task_instance_ids() | join(", changes.") }}
        from {{ changes }} as changes
        where {{ changed_since_built("changes", "changes.changed_at") }}
    ) as changed
        on
            {%- for column in task_instance_ids() %}
            {{ relation }}.{{ column }} = changed.{{ column }}
            {{- " and" if not loop.last }}
            {%- endfor %}
    {%- endif %}
{% endmacro %}


{#
    For the end of a `from`, in an incremental build of an aggregate by DAG, or below, and
    day: keeps the rows of each DAG from the first day on that `changes`
    (int_dag_days_changed) tells of. A day that a row left, or lost to one that is gone,
    only has another number of rows than when it was built; `rows_counted` tells that from
    the aggregate.
#}
{% macro of_changed_days(observations, rows_counted, changes) %}
    {%- if is_incremental() %}
    inner join (
        select
            dag_key,
            min(started_on) as first_on
        from (
            select
                changes.dag_key,
                changes.started_on
            from {{ changes }} as changes
            where {{ changed_since_built(
                "changes", "changes.changed_at", built_at="extracted_at"
            ) }}
            union all
            select
                coalesce(present.dag_key, built.dag_key) as dag_key,
                coalesce(present.started_on, built.started_on) as started_on
            from (
                select
                    dag_key,
                    started_on,
                    count(*) as present_rows
                from {{ observations }}
                group by dag_key, started_on
            ) as present
            full outer join (
                select
                    dag_key,
                    started_on,
                    {{ rows_counted }} as built_rows
                from {{ this }}
                group by dag_key, started_on
            ) as built
                on
                    present.dag_key = built.dag_key
                    and present.started_on = built.started_on
            where coalesce(present.present_rows, 0) <> coalesce(built.built_rows, 0)
        ) as changed_days
        group by dag_key
    ) as first_days
        on
            {{ observations }}.dag_key = first_days.dag_key
            and {{ observations }}.started_on >= first_days.first_on
    {%- endif %}
{% endmacro %}


{#
    For the end of a `from`, in an incremental build of what compares a day with the 28
    before it: of each subject whose medians are not those that are built, the days from
    the first such day on, and those that it is compared with. `first_days.first_on` is
    that day.
#}
{% macro of_changed_medians(relation) %}
    {%- if is_incremental() %}
    inner join (
        select
            coalesce(present.subject_key, built.subject_key) as subject_key,
            min(coalesce(present.started_on, built.started_on)) as first_on
        from {{ relation }} as present
        full outer join {{ this }} as built
            on
                present.subject_key = built.subject_key
                and present.started_on = built.started_on
        where
            present.subject_key is null
            or built.subject_key is null
            or present.p50_seconds <> built.p50_seconds
        group by coalesce(present.subject_key, built.subject_key)
    ) as first_days
        on
            {{ relation }}.subject_key = first_days.subject_key
            and {{ relation }}.started_on >= {{ days_after("first_days.first_on", -28) }}
    {%- endif %}
{% endmacro %}


{% macro task_instance_ids() %}
    {{ return(["environment_slug", "dag_id", "run_id", "task_id", "instance_index"]) }}
{% endmacro %}


{#
    After an incremental build: removes the rows that the model, or query, they are made
    from no longer has. Rows of environments that are no longer named are among them, tries
    that got another number, and, in mode mirror, what is gone from Airflow. Since every
    row of the parent is in by then, equal counts tell that there are none; looking for
    them costs far more than counting. `rows_counted` tells of an aggregate how many rows
    of the parent it has.
#}
{% macro remove_rows_not_in(parent, key, rows_counted="count(*)") %}
    {%- if execute and is_incremental() -%}
        {%- set counted = run_query(
            "select (select " ~ rows_counted ~ " from " ~ this ~ ") as fact_rows,"
            ~ " (select count(*) from " ~ parent ~ " as parent) as parent_rows"
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
