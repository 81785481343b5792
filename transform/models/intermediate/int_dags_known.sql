with dags as (

    select * from {{ ref("int_dags_unified") }}

),

mentions as (

    select
        environment_slug,
        dag_id,
        extracted_at
    from dags
    {%- for name in ["stg_airflow__dag_runs", "fct_audit_events", "fct_sla_misses"] %}
        union all
        select
            environment_slug,
            dag_id,
            extracted_at
        from {{ ref(name) }}
    {%- endfor %}

),

named as (

    select
        environment_slug,
        dag_id,
        max(extracted_at) as extracted_at
    from mentions
    where dag_id is not null
    group by environment_slug, dag_id

),

-- One that was gone before the first sync is not among Airflow's DAGs.
known as (

    select
        named.environment_slug,
        named.dag_id,
        dags.dag_id is null as is_inferred,
        dags.dag_display_name,
        dags.description,
        dags.owner_names,
        dags.schedule,
        dags.schedule_description,
        dags.max_active_runs,
        dags.max_active_tasks,
        dags.max_consecutive_failed_runs,
        dags.is_paused,
        dags.is_draining,
        coalesce(dags.is_active, false) as is_active,
        coalesce(dags.is_subdag, false) as is_subdag,
        coalesce(dags.has_import_errors, false) as has_import_errors,
        dags.file_path,
        dags.relative_file_path,
        dags.bundle_name,
        dags.bundle_version,
        dags.last_parsed_at,
        dags.last_parse_seconds,
        dags.next_run_logical_at,
        dags.next_run_due_at,
        coalesce(dags.extracted_at, named.extracted_at) as extracted_at,
        coalesce(dags.is_deleted_at_source, true) as is_deleted_at_source,
        dags.deleted_at_source_at
    from named
    left join dags
        on
            named.environment_slug = dags.environment_slug
            and named.dag_id = dags.dag_id

)

select * from known
