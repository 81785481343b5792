{% snapshot snap_airflow__connections %}

{% set watched = ["connection_id", "conn_type", "is_encrypted", "is_extra_encrypted"] %}

{{ config(
    unique_key="connection_key",
    check_cols=watched + ["is_deleted_at_source"],
) }}

{{ observed_changes(
    rows=ref("stg_airflow__connections"),
    table_names=["connection"],
    key="connection_key",
    ids=["conn_id"],
    values=watched,
) }}

{% endsnapshot %}
