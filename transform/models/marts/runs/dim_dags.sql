with dags as (

    select * from {{ ref("int_dags_known") }}

),

environments as (

    select * from {{ ref("int_environments_synced") }}

),

dag_tags as (

    select * from {{ ref("int_dag_tags_listed") }}

),

dag_owner_links as (

    select * from {{ ref("int_dag_owner_links_listed") }}

),

dag_warnings as (

    select * from {{ ref("int_dag_warnings_listed") }}

),

bundle_teams as (

    select * from {{ ref("int_bundle_teams_resolved") }}

),

run_totals as (

    select * from {{ ref("int_dag_runs_summarised") }}

),

joined as (

    select
        {{ surrogate_key(["dags.environment_slug", "dags.dag_id"]) }} as dag_key,
        dags.environment_slug,
        dags.dag_id,
        dags.dag_display_name,
        dags.description,
        dags.owner_names,
        dag_owner_links.owner_links,
        bundle_teams.team_name,
        dag_tags.tag_names,
        dags.schedule,
        dags.schedule_description,
        dags.max_active_runs,
        dags.max_active_tasks,
        dags.max_consecutive_failed_runs,
        dags.is_paused,
        dags.is_draining,
        dags.is_active,
        dags.is_active and (
            run_totals.last_run_started_at is null
            or {{ seconds_between(
                "run_totals.last_run_started_at", "environments.synced_at"
            ) }} > {{ var("unused_after_days") }} * 86400
        ) as is_unused,
        dags.is_subdag,
        dags.has_import_errors,
        dag_warnings.dag_id is not null as has_warnings,
        dag_warnings.warning_messages,
        dags.file_path,
        dags.relative_file_path,
        dags.bundle_name,
        dags.bundle_version,
        dags.last_parsed_at,
        dags.last_parse_seconds,
        dags.next_run_logical_at,
        dags.next_run_due_at,
        coalesce(run_totals.run_count, 0) as run_count,
        run_totals.last_run_started_at,
        run_totals.last_run_state,
        run_totals.last_success_at,
        cast(
            floor({{ seconds_between(
                "run_totals.last_success_at", "environments.synced_at"
            ) }} / 86400) as bigint
        ) as days_since_success,
        dags.is_inferred,
        dags.extracted_at,
        dags.is_deleted_at_source,
        dags.deleted_at_source_at
    from dags
    left join environments
        on dags.environment_slug = environments.environment_slug
    left join dag_tags
        on
            dags.environment_slug = dag_tags.environment_slug
            and dags.dag_id = dag_tags.dag_id
    left join dag_owner_links
        on
            dags.environment_slug = dag_owner_links.environment_slug
            and dags.dag_id = dag_owner_links.dag_id
    left join dag_warnings
        on
            dags.environment_slug = dag_warnings.environment_slug
            and dags.dag_id = dag_warnings.dag_id
    left join bundle_teams
        on
            dags.environment_slug = bundle_teams.environment_slug
            and dags.bundle_name = bundle_teams.bundle_name
    left join run_totals
        on
            dags.environment_slug = run_totals.environment_slug
            and dags.dag_id = run_totals.dag_id

)

select * from joined
