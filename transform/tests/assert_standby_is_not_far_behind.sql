{{ config(severity="warn", meta={"explains_itself": true}) }}

with latest_syncs as (

    select * from {{ ref("rpt_sync_health") }}
    where is_latest_sync

),

lags as (

    select
        environment_slug,
        cast(max(replay_lag_seconds) as {{ native_type("bigint") }}) as lag_seconds
    from latest_syncs
    group by environment_slug

)

select
    environment_slug,
    lag_seconds,
    'Environment ' || environment_slug || ': the last sync read a standby whose last'
    || ' replayed transaction was ' || {{ as_text("lag_seconds") }} || ' seconds old.'
    || ' See whether it still follows its primary, or read the primary. If Airflow is'
    || ' idle for so long, raise the dbt variable longest_replay_lag_seconds.'
        as message
from lags
where lag_seconds > {{ var("longest_replay_lag_seconds") | int }}
