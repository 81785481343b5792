{% snapshot snap_airflow__dags %}

{% set watched = ["is_paused", "is_active", "schedule", "owner_names", "file_path", "relative_file_path", "bundle_name", "bundle_version"] %}

{{ config(
    unique_key="dag_key",
    check_cols=watched + ["is_deleted_at_source"],
) }}

{{ observed_changes(
    rows=ref("int_dags_unified"),
    table_names=["dag"],
    key="dag_key",
    ids=["dag_id"],
    values=watched,
) }}

{% endsnapshot %}
