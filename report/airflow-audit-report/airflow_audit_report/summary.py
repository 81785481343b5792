"""The report in a few lines, for a chat or a mail.

It uses lists and code marks only, which Markdown and Slack's format share. Names are escaped: what
Airflow's users chose can neither make a link nor notify a channel.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airflow_audit_report.tiles import TILES
from airflow_audit_report.values import format_value

_MOST_LINES = 5
_LONGEST_NAME = 80
# The line for a row, by figure.
_LINES = {
    "failing_dags": "{dag_id} ({environment_slug}): {failed_run_count} of {run_count} runs failed",
    "slower_dags": (
        "{dag_id} ({environment_slug}): {previous_duration_p50_seconds} before, now"
        " {duration_p50_seconds}"
    ),
    "lost_time": "{dag_id}.{task_id} ({environment_slug}): {wasted_hours} in failed tries",
    "new_import_errors": "{file_path} ({environment_slug}), since {first_seen_at}",
    "stuck_work": "{dag_id} ({environment_slug}), since {since_at}: {reason}",
    "interventions_by_person": "{actor_name} ({environment_slug}): {intervention_count}",
    "unreconciled_tables": "{table_name} ({environment_slug})",
}


def summarise(report: Mapping[str, Any]) -> str:
    """Return the summary.

    Args:
        report: The result of `make_report`.
    """
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    period = report["period"]
    slugs = [environment["environment_slug"] for environment in report["environments"]]
    named = ", ".join(slugs[:_MOST_LINES]) + (" and others" if len(slugs) > _MOST_LINES else "")
    filters = [f"{name} {_escaped(text)}" for name, text in report["filter"].items() if text]
    yield (
        f"{report['title']}: {', '.join([named, *filters])}, {period['since'][:10]} to"
        f" {period['until'][:10]}"
    )
    for section in report["sections"]:
        lines = [line for figure in section["figures"] for line in _figure_lines(figure, period)]
        if lines:
            yield from ("", section["question"], *lines)


def _figure_lines(figure: Mapping[str, Any], period: Mapping[str, Any]) -> Iterator[str]:
    if figure["is_tiles"]:
        for metric, current, previous in figure["rows"]:
            tile = TILES[metric]
            line = f"- {tile.label}: {format_value(current, tile.kind)}"
            if previous is not None:
                line += (
                    f" ({format_value(previous, tile.kind)} in the {period['days']} days before)"
                )
            yield line
        return
    sentence = _LINES.get(figure["name"])
    if not sentence or not figure["rows"]:
        return
    yield f"- {figure['title']}:"
    kinds = {column["name"]: column["kind"] for column in figure["columns"]}
    for row in figure["rows"][:_MOST_LINES]:
        values = {
            name: f"`{_escaped(value)}`"
            if isinstance(value, str) and kind == "text"
            else format_value(value, kind)
            for (name, kind), value in zip(kinds.items(), row, strict=True)
        }
        yield f"    - {sentence.format(**values)}"
    more = len(figure["rows"]) - _MOST_LINES
    if more > 0:
        yield f"    - and {more}{' or more' if figure['is_cut'] else ''} others"


def _escaped(text: str) -> str:
    short = text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}…"
    for character, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("`", "'")):
        short = short.replace(character, name)
    return " ".join(short.split())
