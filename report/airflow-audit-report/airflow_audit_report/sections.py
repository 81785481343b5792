"""The figures of the report, in order; the SQL of each is in transform/analyses/report."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_audit_report import charts
from airflow_audit_report.tiles import NOISE_NOTE


@dataclass(frozen=True)
class Figure:
    """The rows of an analysis, as a table and maybe a chart.

    Attributes:
        name: The analysis' name, without its prefix `report_`.
        title: Heading.
        note: How to read it: what counts and what does not.
        chart: Vega-Lite specification without data; its fields are columns.
        is_tiles: Whether each row is a number and its value in the previous period.
        is_by_dag: Whether a filter by team or tag applies.
        rules: Rules (transform/models/rules) whose findings its rows show.
        empty: What is said if there are no rows.
    """

    name: str
    title: str
    note: str = ""
    chart: Mapping[str, Any] | None = None
    is_tiles: bool = False
    is_by_dag: bool = True
    rules: Collection[str] = ()
    empty: str = "Nothing here in this period."

    @property
    def analysis(self) -> str:
        """Name of the analysis in dbt."""
        return f"report_{self.name}"


@dataclass(frozen=True)
class Section:
    """Figures that answer one question.

    Attributes:
        name: Short name, for the table of contents and links.
        question: Heading.
        figures: In order.
    """

    name: str
    question: str
    figures: tuple[Figure, ...] = field(repr=False)


ALL_FINDINGS = "all_findings"
"""Figure of rules that no other shows, such as one's own."""

SECTIONS = (
    Section(
        "Findings",
        "What should somebody look at?",
        (
            Figure(
                ALL_FINDINGS,
                "All of it, the most urgent first",
                "As of the last sync, by the rules of fct_findings. To silence one, or to name who"
                " looks after it: the seed finding_triage.",
                empty="Nothing: no rule found anything.",
            ),
            Figure("resolved_findings", "What is no longer so"),
            Figure("silenced_findings", "Silenced", empty="Nothing is silenced."),
        ),
    ),
    Section(
        "Changes",
        "What changed since the period before?",
        (
            Figure(
                "key_numbers",
                "In numbers, against the period before",
                NOISE_NOTE,
                is_tiles=True,
            ),
            Figure("runs_by_environment", "Runs of each environment"),
            Figure(
                "failures_by_team",
                "Failed runs of each team",
                "A team is the one of the DAG's bundle, or else whom the DAG names as its owner.",
                charts.bars("team_name", "failed_run_count", before="previous_failed_run_count"),
            ),
            Figure(
                "new_import_errors",
                "DAG files that broke",
                "When a file was first seen broken by a sync, and when no longer.",
                is_by_dag=False,
                rules=("broken_files",),
            ),
        ),
    ),
    Section(
        "Reliability",
        "What failed, how often, and what did it cost?",
        (
            Figure(
                "success_by_day",
                "Share of runs that succeeded, day by day",
                "Of runs that are over, by the day on which they began.",
                charts.calendar("started_on", "success_share", "environment"),
            ),
            Figure("failing_dags", "DAGs that fail", rules=("failing_dags",)),
            Figure(
                "flaky_tasks",
                "Flaky tasks",
                "Task instances that succeeded only after a failed try, as a share of those that"
                " are over. Whole days (UTC).",
                rules=("flaky_tasks",),
            ),
            Figure(
                "lost_time_by_day",
                "Hours lost in failed tries, day by day",
                chart=charts.stacked_days("started_on", "wasted_hours", "environment"),
            ),
            Figure("lost_time", "Tasks that lost most time", rules=("lost_time",)),
        ),
    ),
    Section(
        "Timeliness",
        "Was the data there on time?",
        (
            Figure(
                "landing_by_day",
                "From when a run was due until it was done",
                "Scheduled runs that succeeded: half of them were done after the median.",
                charts.lines("started_on", "landing_delay_p50_seconds", "environment"),
            ),
            Figure("late_dags", "DAGs that land latest", rules=("late_dags", "slower_dags")),
            Figure(
                "queue_delay_by_hour",
                "How long tasks waited for a worker, by hour of the week (UTC)",
                "From queued to started, the 95th percentile of each hour, averaged.",
                charts.hours_of_week("queue_delay_p95_seconds"),
                is_by_dag=False,
            ),
            Figure(
                "pool_saturation",
                "How full pools were, by hour of the day (UTC)",
                "Slots taken by running and queued tasks, as a share of the pool's.",
                charts.heat_map("hour_of_day", "pool", "saturation_share"),
                is_by_dag=False,
                rules=("saturated_pools",),
            ),
            Figure("broken_promises", "Missed SLAs and deadlines", rules=("missed_deadlines",)),
        ),
    ),
    Section(
        "Access",
        "Who may do what?",
        (
            Figure("access_numbers", "Accounts now", is_tiles=True, is_by_dag=False),
            Figure(
                "access_review",
                "Accounts to look at",
                "Admins, accounts nobody uses, accounts without a role, and people who left.",
                is_by_dag=False,
                rules=("active_leavers", "idle_admins"),
            ),
            Figure(
                "powers",
                "Who may change what",
                "Permissions to create, edit or delete, of active users.",
                is_by_dag=False,
            ),
            Figure(
                "role_changes",
                "Changes of users, roles and permissions",
                is_by_dag=False,
                rules=("new_privileges",),
            ),
        ),
    ),
    Section(
        "Audit trail",
        "Who changed what by hand?",
        (
            Figure(
                "interventions_by_day",
                "Interventions in runs, tasks and DAGs, day by day",
                chart=charts.stacked_days("logged_on", "intervention_count", "action"),
            ),
            Figure(
                "interventions_by_person",
                "Interventions of each person",
                rules=("unusual_hours", "unusual_volume"),
            ),
            Figure("interventions", "Interventions, the newest first"),
            Figure(
                "config_changes",
                "Changes of connections, variables and pools, the newest first",
                is_by_dag=False,
                rules=("unexplained_changes", "deletions_by_hand"),
            ),
        ),
    ),
    Section(
        "Cost",
        "What did it cost, and whom?",
        (
            Figure(
                "cost_by_owner",
                "Slot-hours of each owner",
                "A DAG with several owners counts in parts. Costs are shown if"
                " AIRFLOW_AUDIT_COST_PER_SLOT_HOUR is set.",
                charts.bars("owner_name", "slot_hours", part="wasted_slot_hours"),
            ),
            Figure("cost_by_tag", "Slot-hours of each tag"),
        ),
    ),
    Section(
        "Inventory",
        "What is there, and does anybody need it?",
        (
            Figure("inventory_numbers", "DAGs now", is_tiles=True),
            Figure(
                "dags_to_look_at",
                "DAGs that are unused, paused, without an owner, or broken",
                rules=("unused_dags", "ownerless_dags"),
            ),
            Figure("assets", "Assets, who writes them and who waits for them", is_by_dag=False),
        ),
    ),
    Section(
        "Health",
        "Are the platform and this copy of it sound?",
        (
            Figure(
                "component_outages",
                "When no scheduler, triggerer or DAG processor was alive",
                is_by_dag=False,
                rules=("component_outages",),
            ),
            Figure(
                "stuck_work",
                "Work that was stuck at the last sync",
                rules=("stuck_work",),
                empty="Nothing was stuck.",
            ),
            Figure(
                "syncs",
                "The last sync of each environment",
                "Rows are reconciled if the warehouse holds as many as the source counted.",
                is_by_dag=False,
                rules=("late_syncs",),
            ),
            Figure(
                "unreconciled_tables",
                "Tables whose rows are not those of the source",
                is_by_dag=False,
                rules=("unreconciled_tables",),
                empty="None: the warehouse has the rows that the source counted.",
            ),
        ),
    ),
)
