-- Which DAG files cannot be imported?
select
    {{ finding(
        "broken_files",
        "high",
        "finding_windows",
        {"object_name": "errors.file_path"},
        [
            "errors.file_path",
            "' cannot be imported since '",
            date_text("errors.first_seen_at"),
        ],
        "errors.broken_seconds",
        "0",
        "seconds",
        "errors.first_seen_at",
        "finding_windows.synced_at",
        occurrence="errors.import_error_key",
    ) }}
from {{ ref("fct_import_errors") }} as errors
inner join {{ ref("int_finding_windows") }} as finding_windows
    on errors.environment_slug = finding_windows.environment_slug
where not errors.is_resolved
