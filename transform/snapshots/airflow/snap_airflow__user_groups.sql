{% snapshot snap_airflow__user_groups %}

{{ config(
    unique_key="user_group_key",
    check_cols=["is_deleted_at_source"],
) }}

{{ observed_changes(
    rows=ref("stg_airflow__ab_user_groups"),
    table_names=["ab_user_group"],
    key="user_group_key",
    ids=["user_id", "group_id"],
    values=[],
) }}

{% endsnapshot %}
