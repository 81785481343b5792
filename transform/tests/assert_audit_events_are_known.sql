{{ config(tags="whole", severity="warn", meta={"explains_itself": true}) }}

with unknown_events as (

    select
        environment_slug,
        plain_event_name,
        count(*) as event_count
    from {{ ref("int_audit_events_classified") }}
    where category = 'unclassified'
    group by environment_slug, plain_event_name

)

select
    environment_slug,
    plain_event_name,
    'Environment ' || environment_slug || ' has ' || {{ as_text("event_count") }}
    || ' events "' || coalesce(plain_event_name, '')
    || '" in its audit log that the seed audit_events does not know: they count as'
    || ' unclassified. Add a line for it to transform/seeds/audit_events.csv; and if'
    || ' it is no plugin of yours that writes it, tell the project.' as message
from unknown_events
