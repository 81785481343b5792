"""What the rules found, in sentences: one for each rule, the worst first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

MOST_ANSWERS = 8
"""So many are told first."""

SEVERITIES = ("high", "medium", "low")


@dataclass(frozen=True)
class Answer:
    """What one rule found.

    Attributes:
        rule: Its name.
        severity: That of its worst finding.
        sentence: Of its worst finding.
        environment_slug: Where that is.
        others: What else it found it of, the first few: what it is, and where.
        finding_count: How many findings it has.
    """

    rule: str
    severity: str
    sentence: str
    environment_slug: str
    others: Sequence[tuple[str, str]]
    finding_count: int

    @property
    def as_json(self) -> dict[str, Any]:
        """Itself, of JSON's types."""
        return {**asdict(self), "others": [list(other) for other in self.others]}


def read_answers(rows: Sequence[Mapping[str, Any]]) -> list[Answer]:
    """Return the answers, the worst first.

    Args:
        rows: Of the analysis `report_answers`: the first findings of each rule, in its order.
    """
    answers = []
    for rule, found in groupby(rows, key=lambda row: row["rule_name"]):
        worst, *others = found
        answers.append(
            Answer(
                rule=rule,
                severity=worst["severity"],
                sentence=worst["sentence"],
                environment_slug=worst["environment_slug"],
                others=[(other["subject"], other["environment_slug"]) for other in others],
                finding_count=worst["finding_count"],
            )
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


def place_text(answer: Mapping[str, Any], *, names_environments: bool) -> str:
    """Return the environment of a sentence; empty if the sentence or the report says it.

    Args:
        answer: As JSON.
        names_environments: Whether there is more than one.
    """
    slug: str = answer["environment_slug"]
    return slug if names_environments and slug not in answer["sentence"] else ""


def others_text(answer: Mapping[str, Any], *, names_environments: bool) -> str:
    """Return what else a rule found, for the end of its sentence; empty if nothing.

    Args:
        answer: As JSON.
        names_environments: Whether there is more than one.
    """
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
