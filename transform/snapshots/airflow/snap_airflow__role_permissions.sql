{% snapshot snap_airflow__role_permissions %}

{% set watched = ["dag_id"] %}

{{ config(
    unique_key="role_permission_key",
    check_cols=watched + ["is_deleted_at_source"],
) }}

{{ observed_changes(
    rows=ref("int_role_permissions_resolved"),
    table_names=["ab_permission_view_role", "ab_permission_view", "ab_permission", "ab_view_menu"],
    key="role_permission_key",
    ids=["role_id", "action_name", "resource_name"],
    values=watched,
) }}

{% endsnapshot %}
