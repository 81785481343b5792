-- Which tables are not in the warehouse as the source counted them?
select
    {{ finding(
        "unreconciled_tables",
        "high",
        "synced",
        {"object_name": "synced.table_name"},
        [
            "'Of the table '",
            "synced.table_name",
            "' the source counted '",
            as_text("synced.source_rows"),
            "' rows, and the warehouse holds '",
            as_text("synced.warehouse_rows"),
        ],
        "synced.warehouse_rows",
        "synced.source_rows",
        "rows",
        "synced.synced_at",
        "synced.synced_at",
    ) }}
from {{ ref("rpt_sync_health") }} as synced
where synced.is_latest_sync and not synced.is_reconciled
