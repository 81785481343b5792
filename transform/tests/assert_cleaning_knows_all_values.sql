{{ config(severity="warn", meta={"explains_itself": true}) }}

with sync_health as (

    select * from {{ ref("rpt_sync_health") }}

)

select
    environment_slug,
    table_name,
    unknown_rows,
    'Environment ' || environment_slug || ', table ' || table_name || ': '
    || {{ as_text("unknown_rows") }}
    || ' rows of the last sync noted something beside an event that the'
    || ' allow-list of the tap does not know, so it was left out. Marts that need it'
    || ' may lack it. If no plugin of yours writes it, tell the project which Airflow'
    || ' you run.' as message
from sync_health
where is_latest_sync and unknown_rows > 0
