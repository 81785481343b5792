with steps as (

    {% for step_name, stepped_at, slot_change in [
        ("taken", "taken_at", "slot_count"),
        ("given_back", "given_back_at", "-slot_count"),
    ] %}
        select
            holder_key,
            phase_name,
            '{{ step_name }}' as step_name,
            environment_slug,
            pool_name,
            {{ stepped_at }} as stepped_at,
            {{ hour_of(stepped_at) }} as hour_at,
            case when phase_name = 'running' then {{ slot_change }} else 0 end
                as running_change,
            case when phase_name = 'queued' then {{ slot_change }} else 0 end
                as queued_change
        from {{ ref("int_pool_slots_spanned") }}
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}

)

select
    *,
    3600000000 - {{ microseconds_between("hour_at", "stepped_at") }}
        as left_microseconds
from steps
