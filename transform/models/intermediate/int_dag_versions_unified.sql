with dag_versions as (

    select * from {{ ref("stg_airflow__dag_versions") }}

),

serialized_dags as (

    select * from {{ ref("stg_airflow__serialized_dags") }}

),

dag_hashes as (

    select * from {{ ref("int_dag_hashes_summarised") }}

),

-- Numbers begin anew with a DAG that was deleted and came back, so the newest counts.
ranked as (

    select
        *,
        row_number() over (
            partition by environment_slug, dag_id
            order by created_at desc, version_number desc
        ) as newness_rank
    from dag_versions

),

unioned as (

    select
        ranked.environment_slug,
        ranked.dag_id,
        ranked.dag_version_id as version_ref,
        serialized_dags.dag_hash,
        ranked.newness_rank = 1 as is_latest,
        ranked.extracted_at,
        ranked.is_deleted_at_source,
        ranked.deleted_at_source_at
    from ranked
    left join serialized_dags
        on
            ranked.environment_slug = serialized_dags.environment_slug
            and ranked.dag_version_id = serialized_dags.dag_version_id
    union all
    select
        environment_slug,
        dag_id,
        dag_hash as version_ref,
        dag_hash,
        is_latest,
        extracted_at,
        is_deleted_at_source,
        deleted_at_source_at
    from dag_hashes

),

joined as (

    select
        unioned.environment_slug,
        unioned.dag_id,
        unioned.version_ref,
        dag_versions.dag_version_id,
        dag_versions.version_number,
        dag_versions.bundle_name,
        dag_versions.bundle_version,
        unioned.dag_hash,
        dag_versions.created_at,
        unioned.is_latest,
        unioned.extracted_at,
        unioned.is_deleted_at_source,
        unioned.deleted_at_source_at
    from unioned
    left join dag_versions
        on
            unioned.environment_slug = dag_versions.environment_slug
            and unioned.version_ref = dag_versions.dag_version_id

)

select * from joined
