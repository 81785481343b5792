-- depends_on: {{ ref("stg_airflow__sync_manifests") }}
with counted as (

    {{ count_raw_rows() }}

)

select
    environment_slug,
    table_name,
    kept_rows,
    deleted_rows,
    last_extracted_at
from counted
