-- Is the copy complete: does the warehouse hold every row that the last sync counted?
select
    environment_slug,
    table_name,
    synced_at,
    source_rows,
    warehouse_rows,
    deleted_rows,
    is_reconciled
from {{ ref("rpt_sync_health") }}
where is_latest_sync and is_table_at_source
order by is_reconciled, environment_slug, table_name
