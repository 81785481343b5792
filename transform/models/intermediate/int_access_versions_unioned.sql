{%- set columns = [
    "user_id", "role_id", "group_id", "action_name", "resource_name", "is_active"
] -%}
{%- set kinds = [
    ("account", "snap_airflow__users", "user_key", ["user_id", "is_active"]),
    (
        "role", "snap_airflow__user_roles", "user_role_key",
        ["user_id", "role_id", "group_id"],
    ),
    ("group", "snap_airflow__user_groups", "user_group_key", ["user_id", "group_id"]),
    (
        "permission", "snap_airflow__role_permissions", "role_permission_key",
        ["role_id", "action_name", "resource_name"],
    ),
] -%}
{%- set types = {
    "action_name": "text", "resource_name": "text", "is_active": "boolean"
} -%}
with environments as (

    select * from {{ ref("int_environments_synced") }}

),

unioned as (

    {% for access_kind, versions, key, known in kinds %}
        select
            environment_slug,
            '{{ access_kind }}' as access_kind,
            {{ key }} as access_key,
            {% for column in columns %}
                {% if column in known %}
                    {{ column }},
                {% elif types.get(column) == "text" %}
                    {{ null_like("environment_slug") }} as {{ column }},
                {% elif types.get(column) == "boolean" %}
                    {{ null_like("is_deleted_at_source") }} as {{ column }},
                {% else %}
                    cast(null as bigint) as {{ column }},
                {% endif %}
            {% endfor %}
            is_deleted_at_source,
            dbt_valid_from as valid_from_at,
            dbt_valid_to as valid_to_at
        from {{ ref(versions) }}
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}

)

select unioned.*
from unioned
-- The snapshots also remember environments that are no longer built from.
inner join environments
    on unioned.environment_slug = environments.environment_slug
