{% snapshot snap_airflow__variables %}

{% set watched = ["variable_id", "is_encrypted"] %}

{{ config(
    unique_key="variable_record_key",
    check_cols=watched + ["is_deleted_at_source"],
) }}

{{ observed_changes(
    rows=ref("stg_airflow__variables"),
    table_names=["variable"],
    key="variable_record_key",
    ids=["variable_key"],
    values=watched,
) }}

{% endsnapshot %}
