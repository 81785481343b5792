{% snapshot snap_airflow__import_errors %}

{# Not its id: some versions give a file that stays broken a new one at every parse. #}
{{ config(
    unique_key="import_error_file_key",
    check_cols=["is_deleted_at_source"],
) }}

{{ observed_changes(
    rows=ref("stg_airflow__import_errors"),
    table_names=["import_error"],
    key="import_error_file_key",
    ids=["bundle_name", "file_path"],
    values=["recorded_at"],
) }}

{% endsnapshot %}
