"""The report in a few lines, for a terminal, a chat or a mail.

It uses lists and code marks only, which Markdown and Slack's format share. What Airflow's users
chose can neither make a link nor notify a channel.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airflow_audit_report.answers import MOST_ANSWERS, counted, headline, in_words
from airflow_audit_report.tiles import read_tiles
from airflow_audit_report.values import format_value

_MOST_ENVIRONMENTS = 5
_LONGEST_TEXT = 300
_ESCAPES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("`", "'"))
# What Markdown or a chat could take for a mark, a link or a mention.
_MARKS = ("*", "~", "`", "[", "]", "<", ">", "&", "@", "#", "!", "|", "\\", "://", "__", " _", "_ ")


def summarise(report: Mapping[str, Any]) -> str:
    """Return the summary, as Markdown.

    Args:
        report: The result of `make_report`.
    """
    return "\n".join([*_head(report), "", *_number_lines(report)]) + "\n"


def answer_lines(report: Mapping[str, Any]) -> list[str]:
    """Return what there is to look at, as the summary and a terminal say it.

    Args:
        report: The result of `make_report`.
    """
    answers = in_words(report)
    lines = [f"{headline(answers)}."]
    for answer in answers[:MOST_ANSWERS]:
        sentence = answer["sentence"]
        if answer["where"]:
            sentence += f" ({answer['where']})"
        text = ", ".join(part for part in (sentence, answer["others"]) if part)
        lines.append(f"- {answer['severity']}: {_harmless(text)}")
    more = len(answers) - MOST_ANSWERS
    if more > 0:
        lines.append(f"- and {counted(more, 'more kind')} of findings")
    return lines


def _head(report: Mapping[str, Any]) -> Iterator[str]:
    period = report["period"]
    slugs = [environment["environment_slug"] for environment in report["environments"]]
    more = " and others" if len(slugs) > _MOST_ENVIRONMENTS else ""
    filters = [f"{name} {_harmless(text)}" for name, text in report["filter"].items() if text]
    named = ", ".join([", ".join(slugs[:_MOST_ENVIRONMENTS]) + more, *filters])
    yield f"{report['title']}: {named}, {period['since'][:10]} to {period['until'][:10]}"
    yield ""
    yield from answer_lines(report)


def _number_lines(report: Mapping[str, Any]) -> Iterator[str]:
    period = report["period"]
    for section in report["sections"]:
        for figure in section["figures"]:
            if figure["is_tiles"]:
                yield f"{figure['title']}:"
                for tile, (current, previous), change in read_tiles(figure["rows"]):
                    line = f"- {tile.label}: {format_value(current, tile.kind)}"
                    if previous is not None:
                        before = format_value(previous, tile.kind)
                        verdict = f", {change.verdict}" if change and change.verdict else ""
                        line += f" ({before} in the {period['days']} days before{verdict})"
                    yield line


def _harmless(text: str) -> str:
    """Return a text that is only read, on one line: as code, if it has anything that marks text."""
    short = text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"
    line = " ".join(short.split())
    if not any(mark in f" {line} " for mark in _MARKS):
        return line
    for character, name in _ESCAPES:
        line = line.replace(character, name)
    return f"`{line}`"
