"""Fernet, the encryption of Airflow's connections and variables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from psycopg import sql

from airflow_snapshot.airflow_tables import Tables
from airflow_snapshot.database import Connection
from airflow_snapshot.errors import SnapshotSettingsError
from airflow_snapshot.report import AppliedChange

OLD_KEY = "AIRFLOW_SNAPSHOT_OLD_FERNET_KEY"
NEW_KEY = "AIRFLOW_SNAPSHOT_NEW_FERNET_KEY"


@dataclass(frozen=True)
class EncryptedColumn:
    """A column whose text is encrypted where a flag says so.

    Attributes:
        table: Its table.
        name: Column with the name that users know the row by.
        column: The column itself.
        flag: Column that says whether the text is encrypted.
    """

    table: str
    name: str
    column: str
    flag: str


# Airflow encrypts triggers and requests to test a connection too; neutralising deletes them.
ENCRYPTED = (
    EncryptedColumn("connection", "conn_id", "password", "is_encrypted"),
    EncryptedColumn("connection", "conn_id", "extra", "is_extra_encrypted"),
    EncryptedColumn("variable", "key", "val", "is_encrypted"),
)


class Keyring:
    """The keys of the old environment and of the new one.

    Args:
        old: `core.fernet_key` of the old environment: one key or several, separated by commas.
        new: That of the new environment.

    Raises:
        SnapshotSettingsError: One of them is no Fernet key.
    """

    def __init__(self, old: str | None, new: str | None) -> None:
        old_keys = _keys(old, OLD_KEY)
        new_keys = _keys(new, NEW_KEY)
        self._reads_old = bool(old_keys)
        keys = [*new_keys, *old_keys]
        self._reader = MultiFernet(keys) if keys else None
        # Without a new key the old one stays. Like Airflow, write with the first of several.
        self._writer = keys[0] if keys else None

    def read(self, text: str, *, is_encrypted: bool) -> str | None:
        """Return a value decrypted; None if no key reads it."""
        if not is_encrypted:
            return text
        if self._reader is None:
            return None
        try:
            return self._reader.decrypt(text.encode()).decode()
        except InvalidToken:
            return None

    def write(self, text: str | None) -> tuple[str | None, bool]:
        """Return a value, encrypted if there is a key for it, and whether it is."""
        if self._writer is None or not text:
            return text, False
        return self._writer.encrypt(text.encode()).decode(), True

    def reencrypt(
        self, connection: Connection, tables: Tables
    ) -> Iterator[tuple[AppliedChange, tuple[str, ...]]]:
        """Encrypt everything with the key to write with, and empty what no key reads.

        Yields:
            Each change, with the names of the entries that lost their values by it.

        Raises:
            SnapshotSettingsError: The keys of the old environment do not read everything.
        """
        for field in ENCRYPTED:
            encrypted = connection.execute(_select(field)).fetchall()
            lost = [row for row in encrypted if self.read(row[2], is_encrypted=True) is None]
            if lost and self._reads_old:
                named = ", ".join(_named(field, name) for _, name, _ in lost)
                msg = f"{OLD_KEY} is not the key, or not every key, of {named}"
                raise SnapshotSettingsError(msg)
            empty = None if tables[field.table][field.column] else ""
            for row_id, _, _ in lost:
                connection.execute(_update(field), [empty, False, row_id])
            foreign = [row for row in encrypted if row not in lost and not self._wrote(row[2])]
            for row_id, _, text in foreign:
                value, is_encrypted = self.write(self.read(text, is_encrypted=True))
                connection.execute(_update(field), [value, is_encrypted, row_id])
            names = tuple(_named(field, name) for _, name, _ in lost)
            yield (
                AppliedChange(f"encrypted each {field.column} anew", field.table, len(foreign)),
                (),
            )
            yield (
                AppliedChange(f"emptied each {field.column} no key reads", field.table, len(lost)),
                names,
            )

    def _wrote(self, text: str) -> bool:
        """Return whether a value is encrypted with the key to write with."""
        if self._writer is None:
            return False
        try:
            self._writer.decrypt(text.encode())
        except InvalidToken:
            return False
        return True


def _keys(text: str | None, setting: str) -> list[Fernet]:
    try:
        return [Fernet(part) for part in text.split(",")] if text else []
    except ValueError:
        msg = (
            f"{setting} is no Fernet key: it is 32 bytes in URL-safe base64, as core.fernet_key of"
            " Airflow; several are separated by commas"
        )
        raise SnapshotSettingsError(msg) from None


def _named(field: EncryptedColumn, name: str) -> str:
    return f"{field.table} {name} ({field.column})"


def _select(field: EncryptedColumn) -> sql.Composed:
    return sql.SQL(
        "select id, {name}, {column} from {table} where {flag} and {column} <> '' order by id"
    ).format(
        name=sql.Identifier(field.name),
        column=sql.Identifier(field.column),
        table=sql.Identifier(field.table),
        flag=sql.Identifier(field.flag),
    )


def _update(field: EncryptedColumn) -> sql.Composed:
    return sql.SQL("update {} set {} = %s, {} = %s where id = %s").format(
        sql.Identifier(field.table), sql.Identifier(field.column), sql.Identifier(field.flag)
    )
