"""Writes what the documents say of the marts, out of their descriptions in the dbt project.

A description begins with the question that the mart answers and ends with its grain:
`What is stuck now? … Grain: one row per environment and task.` `make generate` runs this.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
MARTS = ROOT / "transform/models/marts"
PAGE = ROOT / "docs/marts.md"
FRONT_PAGE = ROOT / "transform/models/docs/overview.md"
"""What the site of dbt's documentation opens with."""

SUBJECTS = {
    "findings": "What to look at",
    "runs": "What ran",
    "changes": "What people changed",
    "access": "Who may do what",
    "assets": "Which data waits for which",
    "platform": "The platform, and this copy of it",
    "cost": "What it cost",
}
"""Folders of the marts, in the order of the page."""
KINDS = ("dim", "fct", "bridge", "agg", "rpt")
DESCRIPTION = re.compile(r"(?P<question>[^.?]+\?) (?P<notes>.+) Grain: one row per (?P<grain>.+)\.")
BEGIN, END = "<!-- made by `make generate` -->", "<!-- until here -->"


@dataclass(frozen=True)
class Mart:
    """A mart and the parts of its description."""

    name: str
    subject: str
    question: str
    grain: str
    notes: str


def read_marts() -> list[Mart]:
    """Return all marts in the order of the page.

    Raises:
        ValueError: A description has no question or no grain.
    """
    marts = []
    for file in MARTS.glob("*/_*.yml"):
        for model in yaml.safe_load(file.read_text()).get("models", ()):
            parts = DESCRIPTION.fullmatch(model["description"])
            if not parts:
                msg = f"{model['name']}: a description is `Question? … Grain: one row per ….`"
                raise ValueError(msg)
            marts.append(Mart(model["name"], SUBJECTS[file.parent.name], **parts.groupdict()))
    subjects = list(SUBJECTS.values())
    return sorted(
        marts,
        key=lambda mart: (
            subjects.index(mart.subject),
            KINDS.index(mart.name.split("_")[0]),
            mart.name,
        ),
    )


def page(marts: list[Mart]) -> str:
    """Return a table and notes for each subject."""
    made = ""
    for subject in SUBJECTS.values():
        of_subject = [mart for mart in marts if mart.subject == subject]
        made += f"\n## {subject}\n\n| mart | answers | one row per |\n|---|---|---|\n"
        made += "".join(f"| `{m.name}` | {m.question} | {m.grain} |\n" for m in of_subject)
        made += "\n" + "".join(f"- `{mart.name}`: {mart.notes}\n" for mart in of_subject)
    return f"{made}\n"


def questions(marts: list[Mart]) -> str:
    """Return a table of the questions."""
    rows = "".join(f"| {mart.question} | `{mart.name}` |\n" for mart in marts)
    return f"\n| question | mart |\n|---|---|\n{rows}\n"


def documents() -> dict[Path, str]:
    """Return the text of each document as it should be."""
    marts = read_marts()
    made = {PAGE: page(marts), FRONT_PAGE: questions(marts)}
    texts = {}
    for path, part in made.items():
        before, _, rest = path.read_text().partition(BEGIN)
        texts[path] = f"{before}{BEGIN}\n{part}{END}{rest.partition(END)[2]}"
    return texts


if __name__ == "__main__":
    for path, text in documents().items():
        path.write_text(text)
