-- Which DAG files broke, and which of them are still broken?
select
    environment_slug,
    file_path,
    bundle_name,
    first_seen_at,
    resolved_at,
    broken_seconds
from {{ ref("fct_import_errors") }}
where
    {{ in_period("first_seen_at") }}
    and {{ of_environments("environment_slug") }}
order by
    is_resolved asc,
    broken_seconds desc,
    environment_slug asc,
    file_path asc,
    import_error_key asc
limit 201
