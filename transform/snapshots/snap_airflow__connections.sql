{% snapshot snap_airflow__connections %}

{% set address = ["host", "port", "connection_schema"] %}
{% set watched = ["connection_id", "conn_type", "is_encrypted", "is_extra_encrypted"] + address %}

{{ config(
    unique_key="connection_key",
    check_cols=watched + ["is_deleted_at_source"],
) }}

{# Versions from before the address was watched have no is_address_known. #}
{{ observed_changes(
    rows="(select *, true as is_address_known from " ~ ref("stg_airflow__connections") ~ ") as known",
    table_names=["connection"],
    key="connection_key",
    ids=["conn_id"],
    values=watched + ["is_address_known"],
) }}

{% endsnapshot %}
