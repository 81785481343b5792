{{ config(meta={"explains_itself": true}) }}

with latest_syncs as (

    select * from {{ ref("rpt_sync_health") }}
    where is_latest_sync

)

select
    environment_slug,
    table_name,
    'Environment ' || environment_slug || ', table ' || table_name || ': '
    || {{ as_text("warehouse_rows") }} || ' rows in the warehouse, '
    || coalesce({{ as_text("source_rows") }}, 'uncounted')
    || ' at the source in the last sync. '
    || case
        when was_interrupted_since
            then 'A later sync was interrupted; run it again'
        else 'Read everything again, by a sync with full refresh'
    end
    || ', with ENVIRONMENT_SLUG=' || environment_slug as message
from latest_syncs
where not is_reconciled
