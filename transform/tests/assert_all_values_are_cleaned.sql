{{ config(tags="whole", severity="warn", meta={"explains_itself": true}) }}

-- Rows that are gone from Airflow are never read again, so a full read does not mend
-- them.
with uncleaned as (

    {{ uncleaned_rows() }}

)

select
    environment_slug,
    table_name,
    column_name,
    row_count,
    'Environment ' || environment_slug || ': ' || {{ as_text("row_count") }}
    || ' rows of ' || table_name || ' were loaded before ' || column_name
    || ' was cleaned; it may hold passwords. Sync; then empty what is gone from'
    || ' Airflow: dbt run-operation forget_uncleaned' as message
from uncleaned
where row_count > 0
