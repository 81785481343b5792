{%- set moment_type = native_type("timestamp with time zone") -%}
{%- set from_day = var("access_differences_from") -%}
{%- set until_day = var("access_differences_until") -%}
with spans as (

    select * from {{ ref("fct_user_permissions_history") }}

),

versions as (

    select * from {{ ref("int_access_versions_unioned") }}

),

environments as (

    select * from {{ ref("int_environments_synced") }}

),

began as (

    select
        environment_slug,
        min(valid_from_at) as began_at
    from versions
    where not is_deleted_at_source
    group by environment_slug

),

asked as (

    select
        environment_slug,
        {% if until_day %}
            cast({{ literal(until_day ~ " 00:00:00+00:00") }} as {{ moment_type }})
        {% else %}
            synced_at
        {% endif %} as until_at
    from environments

),

-- What was before the first build is not known.
compared as (

    select
        asked.environment_slug,
        asked.until_at,
        {{ latest_of(
            "began.began_at",
            [
                "cast(" ~ literal(from_day ~ " 00:00:00+00:00") ~ " as " ~ moment_type ~ ")"
                if from_day else hours_after("asked.until_at", -720),
            ],
        ) }} as from_at
    from asked
    inner join began
        on
            asked.environment_slug = began.environment_slug
            and asked.until_at > began.began_at

),

-- A permission may come through several roles.
held as (

    select
        spans.user_key,
        spans.environment_slug,
        spans.username,
        spans.action_name,
        spans.resource_name,
        spans.is_privileged,
        compared.from_at,
        compared.until_at,
        count({{ is_valid_at("spans", "compared.from_at") }}) > 0 as was_held_before,
        count({{ is_valid_at("spans", "compared.until_at") }}) > 0 as is_held_after
    from spans
    inner join compared on spans.environment_slug = compared.environment_slug
    group by
        spans.user_key,
        spans.environment_slug,
        spans.username,
        spans.action_name,
        spans.resource_name,
        spans.is_privileged,
        compared.from_at,
        compared.until_at

)

select
    {{ surrogate_key(["user_key", "action_name", "resource_name"]) }}
        as access_difference_key,
    user_key,
    environment_slug,
    username,
    action_name,
    resource_name,
    is_privileged,
    case when is_held_after then 'gained' else 'lost' end as difference,
    from_at as compared_from_at,
    until_at as compared_until_at
from held
where was_held_before <> is_held_after
