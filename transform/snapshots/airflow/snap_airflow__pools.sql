{% snapshot snap_airflow__pools %}

{% set watched = ["pool_id", "slot_count", "is_counting_deferred"] %}

{{ config(
    unique_key="pool_key",
    check_cols=watched + ["is_deleted_at_source"],
) }}

{{ observed_changes(
    rows=ref("stg_airflow__slot_pools"),
    table_names=["slot_pool"],
    key="pool_key",
    ids=["pool_name"],
    values=watched,
) }}

{% endsnapshot %}
