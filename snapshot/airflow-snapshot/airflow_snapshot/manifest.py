"""The manifest of a snapshot: what it contains, read from the source in the same transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from airflow_snapshot.contents import Contents, TableContents
from airflow_snapshot.errors import DamagedSnapshotError

FORMAT = 2
# Format 1 does not say what was emptied.
_READABLE = {1, FORMAT}


@dataclass(frozen=True)
class Running:
    """What was at work on the database.

    Attributes:
        components: Schedulers, triggerers and the like with a fresh heartbeat, as `type@host`.
        task_instances: How many were unfinished.
        dag_runs: How many were unfinished.
    """

    components: tuple[str, ...]
    task_instances: int
    dag_runs: int


@dataclass(frozen=True)
class Source:
    """The database that a snapshot is of.

    Attributes:
        address: Its address, without the password.
        schema: Postgres schema of Airflow's tables.
        database_id: Identifies the database; a restored copy has another.
        postgres_version: Such as `16.3`.
        encoding: Such as `UTF8`.
        airflow_version: First Airflow release with the schema; None if unknown.
        revisions: Revision by table of Alembic: `alembic_version` of Airflow's core,
            `alembic_version_fab` of the FAB provider.
    """

    address: str
    schema: str
    database_id: str
    postgres_version: str
    encoding: str
    airflow_version: str | None
    revisions: Mapping[str, str]


@dataclass(frozen=True)
class Archive:
    """The file with the data, in pg_dump's custom format.

    Attributes:
        file: Its name, beside the manifest.
        size: Bytes.
        sha256: Of the file as it is stored.
        is_encrypted: Whether it is encrypted with age.
    """

    file: str
    size: int
    sha256: str
    is_encrypted: bool


@dataclass(frozen=True)
class Emptied:
    """What a snapshot without secrets leaves out.

    Attributes:
        tables: Tables without their rows.
        columns: Columns without their values, by table that keeps its rows.
        cleaned: Columns without parts of their values, by table that keeps its rows.
        unknown: Tables, and columns as `table.column`, that were emptied only because nothing is
            known about them.
    """

    tables: Sequence[str]
    columns: Mapping[str, Sequence[str]]
    cleaned: Mapping[str, Sequence[str]]
    unknown: Sequence[str]

    def describe(self, table: str) -> str:
        """Return what a table lacks, as words; empty if it is whole."""
        parts = ["emptied"] if table in self.tables else []
        for participle, columns in (("emptied", self.columns), ("cleaned", self.cleaned)):
            if table in columns:
                parts.append(f"{participle}: {', '.join(columns[table])}")
        return "; ".join(parts)


@dataclass(frozen=True)
class Manifest:
    """A snapshot.

    Attributes:
        name: `<environment slug>-<time>`.
        environment_slug: Short name of the Airflow environment.
        taken_at: When it was taken, UTC, whole milliseconds.
        has_secrets: False if secrets were left out.
        source: The database it was taken from.
        running: What was at work then.
        contents: What it contains.
        archive: The data.
        emptied: What it lacks; None if it has secrets, or in format 1.
    """

    name: str
    environment_slug: str
    taken_at: datetime
    has_secrets: bool
    source: Source
    running: Running
    contents: Contents
    archive: Archive
    emptied: Emptied | None = None

    def to_json(self) -> str:
        """Return the content of the file."""
        content = {"format": FORMAT} | asdict(self)
        content["taken_at"] = self.taken_at.isoformat(timespec="milliseconds")
        return json.dumps(content, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, name: str) -> Manifest:
        """Parse the content of a file.

        Args:
            text: The content.
            name: The snapshot's, for the error.

        Raises:
            DamagedSnapshotError: It is no manifest, or one of a newer release.
        """
        try:
            content = json.loads(text)
            found = content.pop("format")
        except (ValueError, KeyError, TypeError, AttributeError):
            msg = f"The manifest of {name} is damaged: it is no manifest of a snapshot"
            raise DamagedSnapshotError(msg) from None
        if found not in _READABLE:
            msg = (
                f"The manifest of {name} has format {found}; this release reads up to {FORMAT}. Use"
                " the release that took it, or a newer one"
            )
            raise DamagedSnapshotError(msg)
        try:
            return cls(**_typed(content))
        except (TypeError, ValueError, KeyError) as error:
            msg = f"The manifest of {name} is damaged: {error}"
            raise DamagedSnapshotError(msg) from None


def _typed(content: dict[str, Any]) -> dict[str, Any]:
    contents, running = content["contents"], content["running"]
    tables = {name: TableContents(**table) for name, table in contents["tables"].items()}
    emptied = content.get("emptied")
    return content | {
        "taken_at": datetime.fromisoformat(content["taken_at"]),
        "source": Source(**content["source"]),
        "running": Running(**running | {"components": tuple(running["components"])}),
        "contents": Contents(**contents | {"tables": tables}),
        "archive": Archive(**content["archive"]),
        "emptied": Emptied(**emptied) if emptied else None,
    }
