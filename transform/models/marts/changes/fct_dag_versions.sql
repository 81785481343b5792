with dag_versions as (

    select * from {{ ref("int_dag_versions_unified") }}

),

dag_runs as (

    select * from {{ ref("stg_airflow__dag_runs") }}

),

-- Deleted runs count: that they are gone does not unmake them.
run_totals as (

    select
        environment_slug,
        dag_id,
        coalesce(dag_version_id, dag_hash) as version_ref,
        count(*) as run_count,
        min(started_at) as first_run_started_at,
        max(started_at) as last_run_started_at
    from dag_runs
    group by environment_slug, dag_id, coalesce(dag_version_id, dag_hash)

),

joined as (

    select
        {{ surrogate_key([
            "dag_versions.environment_slug",
            "dag_versions.dag_id",
            "dag_versions.version_ref",
        ]) }} as dag_version_key,
        {{ surrogate_key(
            ["dag_versions.environment_slug", "dag_versions.dag_id"]
        ) }} as dag_key,
        dag_versions.environment_slug,
        dag_versions.dag_id,
        dag_versions.dag_version_id,
        dag_versions.version_number,
        dag_versions.bundle_name,
        dag_versions.bundle_version,
        dag_versions.dag_hash,
        dag_versions.created_at,
        dag_versions.is_latest,
        coalesce(run_totals.run_count, 0) as run_count,
        run_totals.first_run_started_at,
        run_totals.last_run_started_at,
        dag_versions.extracted_at,
        dag_versions.is_deleted_at_source,
        dag_versions.deleted_at_source_at
    from dag_versions
    left join run_totals
        on
            dag_versions.environment_slug = run_totals.environment_slug
            and dag_versions.dag_id = run_totals.dag_id
            and dag_versions.version_ref = run_totals.version_ref

)

select * from joined
