"""Reports of made-up rows: what the marts of a platform might say, and what nobody hopes for."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from airflow_audit_report.dbt_client import AnalysisResult
from airflow_audit_report.report import make_report
from airflow_audit_report.report_request import ReportRequest

UNTIL = datetime(2026, 11, 13, 6, 20, tzinfo=timezone.utc)
MADE_AT = "2026-11-13T08:00:00+00:00"
# What a list of the analyses is cut at, and one more, which tells it.
FULL = 201
_MOST_ENVIRONMENTS = 6
_BUSY_HOURS = (2, 3, 6)

COLUMNS = {
    "all_findings": "severity sentence environment_slug began_at first_seen_at assigned_to",
    "resolved_findings": "resolved_at severity sentence environment_slug first_seen_at",
    "silenced_findings": "silenced_until_on sentence environment_slug triage_reason decided_by",
    "key_numbers": "metric current_value previous_value",
    "runs_by_environment": "environment_slug run_count previous_run_count failed_run_count"
    " previous_failed_run_count success_share previous_success_share",
    "failures_by_team": "team_name failed_run_count previous_failed_run_count run_count"
    " success_share",
    "new_import_errors": "environment_slug file_path bundle_name first_seen_at resolved_at"
    " broken_seconds",
    "success_by_day": "environment started_on run_count success_count failure_count success_share",
    "failing_dags": "environment_slug dag_id team_name run_count failed_run_count failed_share"
    " last_failed_at last_success_at",
    "flaky_tasks": "environment_slug dag_id task_id finished_instance_count"
    " flaky_instance_count flaky_share",
    "lost_time_by_day": "environment started_on wasted_hours retry_count",
    "lost_time": "environment_slug dag_id task_id wasted_hours attempt_count retry_count",
    "landing_by_day": "environment started_on landing_delay_p50_seconds"
    " landing_delay_p95_seconds run_count",
    "late_dags": "environment_slug dag_id team_name run_count landing_delay_p50_seconds"
    " landing_delay_p95_seconds landing_delay_max_seconds",
    "queue_delay_by_hour": "weekday_number hour_of_day queue_delay_p50_seconds"
    " queue_delay_p95_seconds attempt_count",
    "pool_saturation": "pool hour_of_day saturation_share highest_slot_count slot_count",
    "broken_promises": "environment_slug miss_kind dag_id task_id missed_at late_seconds"
    " outcome was_notified",
    "access_numbers": "metric current_value previous_value",
    "access_review": "environment_slug username reasons role_names group_names permission_count"
    " last_activity_at last_login_at left_on",
    "powers": "environment_slug username role_name group_name resource_name action_names",
    "role_changes": "environment_slug changed_at actor_name action object_type object_name"
    " role_name",
    "interventions_by_day": "logged_on action intervention_count run_count task_instance_count",
    "interventions_by_person": "environment_slug actor_name intervention_count destructive_count"
    " run_count task_instance_count dag_count last_at actions",
    "interventions": "environment_slug logged_at actor_name action object_type dag_id run_id"
    " task_id run_count task_instance_count is_destructive",
    "config_changes": "environment_slug changed_at actor_name action object_type object_name"
    " is_destructive",
    "cost_by_owner": "owner_name slot_hours wasted_slot_hours wasted_share slot_hours_share"
    " slot_hours_cost",
    "cost_by_tag": "tag_name slot_hours wasted_slot_hours wasted_share slot_hours_share"
    " slot_hours_cost",
    "inventory_numbers": "metric current_value previous_value",
    "dags_to_look_at": "environment_slug dag_id owner_names reasons schedule last_run_started_at"
    " days_since_success file_path",
    "assets": "environment_slug asset_name asset_uri producers consumers event_count last_event_at",
    "component_outages": "environment_slug component outage_started_at outage_ended_at"
    " outage_seconds ended_by_hostname has_unclean_shutdown",
    "stuck_work": "environment_slug dag_id task_id state reason since_at stuck_seconds"
    " threshold_seconds last_heartbeat_at pool_name",
    "syncs": "environment_slug synced_at lag_seconds table_count source_rows warehouse_rows"
    " deleted_rows unreconciled_table_count read_seconds byte_count airflow_schema_version mode",
    "unreconciled_tables": "environment_slug table_name synced_at source_rows warehouse_rows"
    " is_table_at_source",
}

_ANSWER_COLUMNS = (
    *("rule_name", "severity", "environment_slug", "subject", "sentence", "finding_count"),
)

_TILES = {
    "key_numbers": [
        ("runs", 8381, 8214),
        ("success_share", 0.9934, 0.9871),
        ("failed_runs", 55, 106),
        ("median_landing_delay_seconds", 1284.2, 1102.7),
        ("wasted_hours", 53.4, 31.25),
        ("slot_hours", 2210.5, 2190.0),
        ("new_import_errors", 1, None),
        ("interventions", 14, 9),
    ],
    "access_numbers": [
        ("active_users", 42, None),
        ("privileged_users", 5, None),
        ("dormant_users", 7, None),
        ("never_logged_in", 3, None),
        ("active_leavers", 1, None),
        ("users_without_role", 0, None),
    ],
    "inventory_numbers": [
        ("dags", 143, None),
        ("running_dags", 99, None),
        ("paused_dags", 22, None),
        ("unused_dags", 9, None),
        ("ownerless_dags", 4, None),
        ("broken_files", 1, None),
    ],
}

# As many as the report tells first, and more: rules, the severity of each, and what it found.
_ANSWERS = (
    ("active_leavers", "high", 1),
    ("failing_dags", "high", 7),
    ("broken_files", "high", 2),
    ("missed_deadlines", "high", 4),
    ("idle_admins", "high", 3),
    ("slower_dags", "medium", 2),
    ("lost_time", "medium", 1),
    ("deletions_by_hand", "medium", 1),
    ("flaky_tasks", "low", 2),
    ("of_somebody_s_own", "low", 1),
)

_WORDS: Mapping[str, Sequence[str]] = {
    "dag_id": (
        "orders_hourly",
        "revenue_daily",
        "payroll_export",
        "demand_forecast",
        "embeddings_refresh",
        "ledger_close",
        "data_quality_nightly",
        "customer_360",
    ),
    "task_id": ("extract", "train_model", "embed", "load.merge", "check_totals", "notify"),
    "team_name": ("analytics", "platform", "finance", "marketing", "machine-learning", "(none)"),
    "owner_name": ("analytics", "platform", "finance", "marketing", "machine-learning"),
    "tag_name": ("daily", "pii", "ml", "reporting", "finance"),
    "username": ("dana", "priya", "tomas", "marco", "wei", "amara"),
    "actor_name": ("marco", "priya", "tomas", "dana"),
    "action": ("clear", "mark_success", "trigger", "pause", "delete", "backfill", "mark_failed"),
    "role_name": ("Admin", "Op", "User", "Viewer"),
    "reasons": ("privileged", "dormant, no role", "never logged in", "left"),
    "resource_name": ("Connections", "Variables", "Pools", "DAG:payroll_export"),
    "action_names": ("create, edit", "edit", "create, delete, edit"),
    "state": ("running", "queued"),
    "severity": ("high", "medium", "low"),
    "component": ("scheduler", "triggerer", "dag_processor"),
    "mode": ("merge",),
    "airflow_schema_version": ("2.11.0", "3.3.2"),
    "outcome": ("late", "open"),
    "miss_kind": ("sla", "deadline"),
}


@dataclass(frozen=True)
class Made:
    """What a report is made up of.

    Attributes:
        environments: Slugs.
        days: Length of the period.
        rows: Of every list.
        text: In place of every word, if it is given.
        seed: Of chance.
    """

    environments: Sequence[str] = ("production", "analytics")
    days: int = 28
    rows: int = 27
    text: Sequence[str] = ()
    seed: int = 7

    def run_analyses(
        self, selection: str, variables: Mapping[str, str]
    ) -> dict[str, AnalysisResult]:
        """Answer as the marts would."""
        del variables
        chance = random.Random(self.seed)
        if selection == "report_environments":
            rows = [
                (slug, (UNTIL - timedelta(hours=place % 30)).isoformat(), version, "usernames", 26)
                for place, slug in enumerate(self.environments)
                for version in [("2.11.0", "3.3.2")[place % 2]]
            ]
            columns = (
                "environment_slug",
                "synced_at",
                "airflow_schema_version",
                "pii",
                "longest_sync_age_hours",
            )
            return {"report_environments": _answer("report_environments", columns, rows)}
        return {
            f"report_{name}": _answer(f"report_{name}", columns.split(), self._rows(name, chance))
            for name, columns in COLUMNS.items()
        } | {"report_answers": _answer("report_answers", _ANSWER_COLUMNS, self._answers())}

    def _answers(self) -> list[tuple[Any, ...]]:
        subjects = self.text or ("orders_hourly", "dana", "ledger_close", "payroll_export")
        return [
            (rule, severity, slug, subject, f"{subject} is not as it should be", count)
            for rule, severity, count in (_ANSWERS if self.rows else ())
            for place, subject in enumerate(subjects[: min(count, 4)])
            for slug in [self.environments[place % len(self.environments)]]
        ]

    def _rows(self, name: str, chance: random.Random) -> list[tuple[Any, ...]]:
        if name in _TILES:
            return [
                (metric, now if self.rows else 0, before if self.rows else None)
                for metric, now, before in _TILES[name]
            ]
        if not self.rows:
            return []
        columns = COLUMNS[name].split()
        return [
            tuple(given.get(column, self._value(column, chance)) for column in columns)
            for given in self._keys(name, columns, chance)
        ]

    def _keys(
        self, name: str, columns: list[str], chance: random.Random
    ) -> Iterator[dict[str, Any]]:
        """Make up the columns that name a row, and those that a picture of it needs."""
        if "started_on" in columns:
            return self._days_of_environments(chance)
        if name == "interventions_by_day":
            return self._days_of_actions(chance)
        if name == "queue_delay_by_hour":
            return _hours_of_week(chance)
        if name == "pool_saturation":
            return self._hours_of_pools(chance)
        first = columns[0]
        is_named = first != "environment_slug" and first in _WORDS
        names = (self.text or _WORDS[first]) if is_named else ()
        named = [{first: each} for each in names]
        others = ({first: f"{first} {place}"} if names else {} for place in range(self.rows))
        return iter([*named, *others][: max(self.rows, len(named))])

    def _days(self) -> list[str]:
        return [(UNTIL - timedelta(days=ago)).date().isoformat() for ago in range(self.days + 1)]

    def _days_of_environments(self, chance: random.Random) -> Iterator[dict[str, Any]]:
        others = ["other environments"] * (len(self.environments) > _MOST_ENVIRONMENTS)
        for group in [*self.environments[:_MOST_ENVIRONMENTS], *others]:
            for day in self._days():
                failed = chance.choice([0, 0, 0, 0, 0, 0, 1, 2, 5])
                if chance.random() < 0.97:
                    yield {
                        "environment": group,
                        "started_on": day,
                        "success_share": 1 - failed / 40,
                    }

    def _days_of_actions(self, chance: random.Random) -> Iterator[dict[str, Any]]:
        days = self._days()
        for day in days[:: max(1, len(days) // 90)]:
            for action in self.text or _WORDS["action"]:
                if chance.random() < 0.4:
                    yield {"logged_on": day, "action": action}

    def _hours_of_pools(self, chance: random.Random) -> Iterator[dict[str, Any]]:
        pools = self.text or ("default_pool", "warehouse", "gpu", "api")
        for pool in [f"{slug} · {pool}" for slug in self.environments for pool in pools][:12]:
            level = chance.uniform(0.05, 0.7)
            for hour in range(24):
                share = level * (1.6 if hour in _BUSY_HOURS else 0.8) * chance.uniform(0.8, 1.2)
                yield {"pool": pool, "hour_of_day": hour, "saturation_share": share}

    def _value(self, column: str, chance: random.Random) -> Any:
        if column in {"environment_slug", "environment"}:
            return chance.choice(self.environments)
        moment = UNTIL - timedelta(seconds=chance.uniform(0, self.days * 86400))
        amount = round(chance.lognormvariate(2 if column.endswith("_hours") else 6, 1), 3)
        choices: Mapping[str, Sequence[Any]] = {
            "at": [moment.isoformat(timespec="milliseconds")] * 9 + [None],
            "on": [moment.date().isoformat(), None],
            "seconds": [amount],
            "hours": [amount],
            "share": [0.0, 1.0, chance.random(), chance.random()],
            "count": [chance.randrange(2000)] * 19 + [None],
            "rows": [chance.randrange(2_000_000)],
            "cost": [chance.randrange(2000)],
            "success": [chance.randrange(200), None],
        }
        ending = column.rpartition("_")[2]
        if column.startswith(("is_", "was_")):
            return chance.random() < 0.3
        words = self.text or _WORDS.get(column, (f"a {column}", f"the {column}", None))
        return chance.choice(choices.get(ending, words))


def _hours_of_week(chance: random.Random) -> Iterator[dict[str, Any]]:
    for weekday in range(1, 8):
        for hour in range(24):
            busy = (8 if hour in _BUSY_HOURS else 1) * (0.4 if weekday > 5 else 1)
            yield {
                "weekday_number": weekday,
                "hour_of_day": hour,
                "queue_delay_p95_seconds": busy * chance.uniform(8, 30),
            }


def made_up(made: Made, team: str | None = None) -> dict[str, Any]:
    """Return a report, as the command makes it."""
    request = ReportRequest(None, None, made.days, (), team, None)
    return make_report(made, request) | {"made_at": MADE_AT}  # type: ignore[arg-type]


def _answer(name: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> AnalysisResult:
    sql = f"-- {name}\nselect {', '.join(columns)}\nfrom airflow_audit.fct_dag_runs\nwhere 1 < 2"
    return AnalysisResult(tuple(columns), tuple(rows), sql, ("fct_dag_runs", "dim_dags"))
