-- Which DAGs does nobody own?
select
    {{ finding(
        "ownerless_dags",
        "low",
        "finding_windows",
        {"dag_id": "dags.dag_id"},
        ["dags.dag_id", "' names no owner'"],
        "0",
        "1",
        "owners",
        "finding_windows.synced_at",
        "finding_windows.synced_at",
    ) }}
from {{ ref("dim_dags") }} as dags
inner join {{ ref("int_finding_windows") }} as finding_windows
    on dags.environment_slug = finding_windows.environment_slug
where
    dags.is_active
    and not dags.is_deleted_at_source
    and {{ is_ownerless("dags.owner_names") }}
