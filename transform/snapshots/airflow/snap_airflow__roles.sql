{% snapshot snap_airflow__roles %}

{% set watched = ["role_id"] %}

{{ config(
    unique_key="role_key",
    check_cols=watched + ["is_deleted_at_source"],
) }}

{{ observed_changes(
    rows=ref("stg_airflow__ab_roles"),
    table_names=["ab_role"],
    key="role_key",
    ids=["role_name"],
    values=watched,
) }}

{% endsnapshot %}
