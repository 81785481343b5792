"""The columns of the figures: what each is called, the kind of its values, and what it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from airflow_audit_report.errors import MartsError


@dataclass(frozen=True)
class Column:
    """A column of an analysis, in whichever figures it is.

    Attributes:
        label: Heading; of an amount it says of what.
        kind: Kind of its values; see `values.format_value`.
        meaning: What counts, where the heading alone does not tell.
    """

    label: str
    kind: str
    meaning: str = ""


def column_of(name: str) -> Column:
    """Return the column of a name.

    Raises:
        MartsError: An analysis has a column that is not declared here.
    """
    if name not in COLUMNS:
        msg = (
            f"The report does not know the column {name!r} of an analysis: its package and the dbt"
            " project are of different versions. Install both of one"
        )
        raise MartsError(msg)
    return COLUMNS[name]


# By kind; a pair is a label and a meaning.
_DECLARED: Mapping[str, Mapping[str, str | tuple[str, str]]] = {
    "text": {
        "action": "Action",
        "action_names": ("Actions", "Create, edit or delete."),
        "actions": "Actions",
        "actor_name": ("Who", "User name; of the command line, the account on the machine."),
        "airflow_schema_version": (
            "Tables since Airflow",
            "First release whose database has these tables; later ones may have the same.",
        ),
        "asset_name": "Asset",
        "asset_uri": "URI",
        "assigned_to": ("Looked after by", "As the seed finding_triage says."),
        "bundle_name": "Bundle",
        "component": "Component",
        "consumers": ("Waiting DAGs", "DAGs that wait for the asset."),
        "dag_id": "DAG",
        "decided_by": "Decided by",
        "ended_by_hostname": ("Next on host", "Host of the one that was alive again first."),
        "environment": "Environment",
        "environment_slug": "Environment",
        "file_path": "File",
        "group_name": "Group",
        "group_names": "Groups",
        "metric": "Number",
        "miss_kind": ("Missed", "An SLA of Airflow 2 or a deadline of Airflow 3."),
        "mode": ("Sync mode", "Merge, mirror or append."),
        "object_name": "Name",
        "object_type": "What",
        "outcome": ("Outcome", "Late, or still open at the last sync."),
        "owner_name": "Owner",
        "owner_names": "Owners",
        "pool": "Pool",
        "pool_name": "Pool",
        "producers": ("Written by", "Tasks that write the asset."),
        "reason": "Why",
        "reasons": "Why",
        "resource_name": "Resource",
        "role_name": "Role",
        "role_names": "Roles",
        "run_id": "Run",
        "schedule": "Schedule",
        "sentence": "Finding",
        "severity": "Severity",
        "state": "State",
        "table_name": "Table",
        "tag_name": "Tag",
        "task_id": "Task",
        "team_name": ("Team", "That of the DAG's bundle, or else the DAG's owner."),
        "triage_reason": "Reason",
        "username": "User",
    },
    "moment": {
        "began_at": ("Since", "Since when it is so, or when it first happened."),
        "changed_at": "When",
        "first_seen_at": ("First seen", "Sync that first showed it."),
        "last_activity_at": ("Last active", "Last log-in, or whatever the audit log tells of."),
        "last_at": "Last",
        "last_event_at": "Last updated",
        "last_failed_at": "Last failed",
        "last_heartbeat_at": "Last sign of life",
        "last_login_at": "Last log-in",
        "last_run_started_at": "Last run began",
        "last_success_at": "Last success",
        "logged_at": "When",
        "missed_at": "Missed at",
        "outage_ended_at": "Until",
        "outage_started_at": "Since",
        "resolved_at": ("No longer since", "Sync that no longer showed it."),
        "since_at": "Since",
        "synced_at": "Synced",
    },
    "day": {
        "left_on": "Left on",
        "logged_on": "Day",
        "silenced_until_on": "Silenced until",
        "started_on": "Day",
    },
    "flag": {
        "has_unclean_shutdown": ("Unclean shutdown", "It did not end by itself."),
        "is_destructive": ("Destructive", "It deleted something, or replaced what was there."),
        "is_table_at_source": ("At the source", "Whether the source has the table."),
        "was_notified": ("Notified", "Whether Airflow told somebody."),
    },
    "number": {
        "attempt_count": "Tries",
        "byte_count": "Bytes read",
        "current_value": "Now",
        "dag_count": "DAGs",
        "days_since_success": ("Days since success", "Up to the last sync."),
        "deleted_rows": ("Rows gone", "Rows of the copy that are gone from the source."),
        "destructive_count": "Destructive",
        "event_count": "Updates",
        "failed_run_count": ("Failed runs", "As they first ended, whatever was cleared later."),
        "failure_count": "Failed runs",
        "finished_instance_count": "Task instances",
        "flaky_instance_count": ("With a failed try", "Succeeded only after a failed try."),
        "highest_slot_count": ("Most slots taken", "Of running and queued tasks."),
        "hour_of_day": "Hour (UTC)",
        "intervention_count": "Interventions",
        "permission_count": "Permissions",
        "previous_failed_run_count": "Failed runs before",
        "previous_run_count": "Runs before",
        "previous_value": "Before",
        "retry_count": ("Retries", "Tries that Airflow itself made again."),
        "run_count": "Runs",
        "slot_count": "Slots",
        "slot_hours_cost": ("Cost", "Slot-hours times AIRFLOW_AUDIT_COST_PER_SLOT_HOUR."),
        "source_rows": "Rows at the source",
        "success_count": "Successful runs",
        "table_count": "Tables",
        "task_instance_count": "Task instances",
        "unreconciled_table_count": ("Tables not reconciled", "With other rows than the source."),
        "warehouse_rows": "Rows here",
    },
    "weekday": {"weekday_number": "Weekday"},
    "seconds": {
        "broken_seconds": "Broken for",
        "lag_seconds": ("Age of the sync", "When the report was made."),
        "landing_delay_max_seconds": ("Longest from due to done", "Scheduled runs that succeeded."),
        "landing_delay_p50_seconds": ("Due to done, median", "Scheduled runs that succeeded."),
        "landing_delay_p95_seconds": ("Due to done, P95", "Scheduled runs that succeeded."),
        "late_seconds": "Late by",
        "outage_seconds": "For",
        "queue_delay_p50_seconds": ("Queued for, median", "From queued to started."),
        "queue_delay_p95_seconds": ("Queued for, P95", "From queued to started."),
        "read_seconds": "Read in",
        "stuck_seconds": "Stuck for",
        "threshold_seconds": ("Stuck after", "So long without an end is too long."),
    },
    "hours": {
        "slot_hours": ("Slot-hours", "Hours for which tries held a worker, times their slots."),
        "wasted_hours": ("Hours lost", "Of tries that failed."),
        "wasted_slot_hours": ("Slot-hours lost", "Of tries that failed."),
    },
    "share": {
        "failed_share": "Failed runs, share",
        "flaky_share": "With a failed try, share",
        "previous_success_share": "Successful before",
        "saturation_share": ("Slots taken", "Of running and queued tasks."),
        "slot_hours_share": ("Of all slot-hours", "Its part of the slot-hours of all."),
        "success_share": ("Successful", "Of runs that are over, as they first ended."),
        "wasted_share": ("Of these lost", "Slot-hours lost in tries that failed."),
    },
}


def _declared(declared: str | tuple[str, str], kind: str) -> Column:
    label, meaning = (declared, "") if isinstance(declared, str) else declared
    return Column(label, kind, meaning)


COLUMNS: Mapping[str, Column] = {
    name: _declared(declared, kind)
    for kind, columns in _DECLARED.items()
    for name, declared in columns.items()
}
