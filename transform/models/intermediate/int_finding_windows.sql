select
    environment_slug,
    synced_at,
    {{ day_of("synced_at") }} as today_on,
    {{ days_after(day_of("synced_at"), "-" ~ var("finding_days")) }} as since_on,
    {{ days_after(day_of("synced_at"), "-2 * " ~ var("finding_days")) }} as before_on
from {{ ref("int_environments_synced") }}
