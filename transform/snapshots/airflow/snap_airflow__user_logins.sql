{% snapshot snap_airflow__user_logins %}

{% set watched = ["login_count", "failed_login_count"] %}

{{ config(
    unique_key="user_key",
    check_cols=watched + ["is_deleted_at_source"],
) }}

{{ observed_changes(
    rows=ref("stg_airflow__ab_users"),
    table_names=["ab_user"],
    key="user_key",
    ids=["user_id"],
    values=watched + ["last_login_at"],
) }}

{% endsnapshot %}
