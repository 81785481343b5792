{% snapshot snap_airflow__users %}

{% set watched = ["is_active"] %}

{{ config(
    unique_key="user_key",
    check_cols=watched + ["is_deleted_at_source"],
) }}

{{ observed_changes(
    rows=ref("stg_airflow__ab_users"),
    table_names=["ab_user"],
    key="user_key",
    ids=["user_id"],
    values=watched,
) }}

{% endsnapshot %}
