-- What changed without an event that tells who did it?
with changes as (

    select
        environment_slug,
        config_change_key as change_key,
        cast(null as {{ native_type("varchar") }}) as username,
        {{ words(["object_type", "' '", "object_name"]) }} as object_name,
        action as change_kind,
        changed_at
    from {{ ref("fct_config_changes") }}
    where not is_attributed and object_type in ('connection', 'variable', 'pool')
    union all
    select
        environment_slug,
        access_change_key as change_key,
        username,
        {{ words(["'account '", "username"]) }} as object_name,
        change_kind,
        changed_at
    from {{ ref("fct_access_changes") }}
    where not is_attributed and username is not null

)

select
    {{ finding(
        "unexplained_changes",
        "medium",
        "finding_windows",
        {"username": "changes.username", "object_name": "changes.object_name"},
        [
            "'Nothing tells who changed the '",
            "changes.object_name",
            "' ('",
            "replace(changes.change_kind, '_', ' ')",
            "'), seen on '",
            date_text("changes.changed_at"),
        ],
        "1",
        "0",
        "changes",
        "changes.changed_at",
        "changes.changed_at",
        occurrence="changes.change_key",
    ) }}
from changes
inner join {{ ref("int_finding_windows") }} as finding_windows
    on
        changes.environment_slug = finding_windows.environment_slug
        and {{ day_of("changes.changed_at") }} >= finding_windows.since_on
