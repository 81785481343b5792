{#
    What an incremental fact has already, as a query: per environment, the last sync that
    it knows of. All tables of one sync are read in one moment, and whatever changes
    afterwards gets the moment of a later one.
#}
{% macro built_until(moment=none) %}
    {%- set moment = moment or latest_of("extracted_at", ["deleted_at_source_at"]) %}
    select
        environment_slug,
        {{ hours_after("max(" ~ moment ~ ")", -1 * var("lookback_hours")) }} as built_until
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
    {%- set histories = ref("int_task_histories_remaining") -%}
    {%- set task_fails = ref("stg_airflow__task_fails") -%}
    {%- set ids = task_instance_ids() -%}
    {%- set read_at = latest_of("changing.extracted_at", ["changing.deleted_at_source_at"]) -%}
    {%- if is_incremental() %}
    inner join (
        {%- for changing, instance_index, changed_at in [
            (task_instances, "changing.instance_index", "changing.changed_at"),
            (histories, "changing.instance_index", read_at),
            (task_fails, as_text("changing.map_index"), read_at),
        ] %}
        select
            changing.{{ ids[:-1] | join(", changing.") }},
            {{ instance_index }} as instance_index
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


{#
    For the end of a `from`, in an incremental build of an aggregate by DAG, or below, and
    day: keeps the rows of each DAG from the first day on of which anything changed. A day
    that a row left, or lost to one that is gone, only has another number of rows than when
    it was built; `rows_counted` tells that from the aggregate. The histories do not count:
    they are read whole every time, and a row is new only with a change of its task
    instance, or where there was none.
#}
{% macro of_changed_days(observations, rows_counted) %}
    {%- set changing = [
        (
            ref("fct_dag_runs"), "dag_run_key",
            ref("fct_dag_runs"), "dag_run_key", "first_started_at",
        ),
        (
            ref("fct_task_instances"), "task_instance_key",
            ref("fct_task_attempts"), "task_instance_key", "started_at",
        ),
        (
            ref("int_task_fails_numbered"), surrogate_key([
                "changing.environment_slug", "changing.dag_id", "changing.run_id",
                "changing.task_id", "changing.instance_index",
            ]),
            ref("fct_task_attempts"), "task_instance_key", "started_at",
        ),
    ] -%}
    {%- if is_incremental() %}
    inner join (
        select
            dag_key,
            min(started_on) as first_on
        from (
            {%- for relation, changed_key, observed, observed_key, started_at in changing %}
            select
                observed.dag_key,
                {{ day_of("observed." ~ started_at) }} as started_on
            from {{ observed }} as observed
            inner join (
                select distinct {{ changed_key }} as changed_key
                from {{ relation }} as changing
                left join ({{ built_until("extracted_at") }}) as built
                    on changing.environment_slug = built.environment_slug
                where
                    built.built_until is null
                    or changing.extracted_at > built.built_until
            ) as changed
                on observed.{{ observed_key }} = changed.changed_key
            union all
            {%- endfor %}
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
