{% snapshot snap_airflow__user_roles %}

{% set watched = ["role_name", "group_name"] %}

{{ config(
    unique_key="user_role_key",
    check_cols=watched + ["is_deleted_at_source"],
) }}

{{ observed_changes(
    rows=ref("int_user_roles_unioned"),
    table_names=["ab_user_role", "ab_user_group", "ab_group_role"],
    key="user_role_key",
    ids=["user_id", "role_id", "group_id"],
    values=watched,
) }}

{% endsnapshot %}
