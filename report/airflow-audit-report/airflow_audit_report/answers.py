"""What the rules found, in sentences: one for each rule, the worst first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

MOST_ANSWERS = 8
"""So many are told first."""


def read_answers(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what each rule found, the worst first, of JSON's types.

    Args:
        rows: Of the analysis `report_answers`: the first findings of each rule, in its order.

    Returns:
        For each rule: `rule`; `severity`, `sentence` and `environment_slug` of its worst finding;
        `others`, subject and environment of the next few; and `finding_count`, of all.
    """
    answers = []
    for rule, found in groupby(rows, key=lambda row: row["rule_name"]):
        worst, *others = found
        told = ("severity", "sentence", "environment_slug", "finding_count")
        answers.append(
            {"rule": rule}
            | {name: worst[name] for name in told}
            | {"others": [[other["subject"], other["environment_slug"]] for other in others]}
        )
    return answers


def counted(number: int, noun: str) -> str:
    """Return a number and what it counts: 1 finding, 2 findings."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def headline(answers: Sequence[Mapping[str, Any]]) -> str:
    """Return how much there is to look at, in a line.

    Args:
        answers: As JSON.
    """
    if not answers:
        return "Nothing to look at: no rule found anything"
    found = counted(sum(answer["finding_count"] for answer in answers), "thing")
    urgent = sum(answer["severity"] == "high" for answer in answers)
    of_kinds = counted(len(answers), "kind")
    return f"{found} to look at, of {of_kinds}" + (f", {urgent} of them urgent" if urgent else "")


def in_words(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the answers of a report, each with what follows its sentence.

    Args:
        report: The result of `make_report`.

    Returns:
        The answers with `where`, the environment, empty if the sentence or the report says it;
        and `others`, what else the rule found, empty if nothing.
    """
    names_environments = len(report["environments"]) > 1
    return [
        answer
        | {
            "where": _where(answer) if names_environments else "",
            "others": _others(answer, names_environments=names_environments),
        }
        for answer in report["answers"]
    ]


def _where(answer: Mapping[str, Any]) -> str:
    slug: str = answer["environment_slug"]
    return "" if slug in answer["sentence"] else slug


def _others(answer: Mapping[str, Any], *, names_environments: bool) -> str:
    more = answer["finding_count"] - 1
    if not more:
        return ""
    named = [
        f"{subject} ({slug})" if names_environments and subject != slug else subject
        for subject, slug in answer["others"]
    ]
    if more > len(named):
        named.append("…")
    return f"and {more:,} more: {', '.join(named)}"
