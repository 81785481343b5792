{% snapshot snap_airflow__connections %}

{% set address = ["host", "port", "connection_schema"] %}
{% set watched = [
    "connection_id", "conn_type", "is_encrypted", "is_extra_encrypted", "has_login"
] + address %}

{{ config(
    unique_key="connection_key",
    check_cols=watched + ["is_deleted_at_source"],
) }}

{{ observed_changes(
    rows=ref("int_connections_watched"),
    table_names=["connection"],
    key="connection_key",
    ids=["conn_id"],
    values=watched + ["is_address_known"],
) }}

{% endsnapshot %}
