-- Of which tables does the warehouse hold other rows than the last sync counted?
select
    environment_slug,
    table_name,
    synced_at,
    source_rows,
    warehouse_rows,
    is_table_at_source
from {{ ref("rpt_sync_health") }}
where
    is_latest_sync
    and not is_reconciled
    and {{ of_environments("environment_slug") }}
order by
    is_table_at_source desc,
    environment_slug asc,
    table_name asc
limit 201
