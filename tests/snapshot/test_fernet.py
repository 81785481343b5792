"""Fernet keys of the old environment and of the new one, in every combination."""

from __future__ import annotations

import psycopg
import pytest
from cryptography.fernet import Fernet, MultiFernet

from airflow_snapshot.errors import SnapshotSettingsError
from airflow_snapshot.overrides import ConnectionOverride, Overrides, VariableOverride
from tests.snapshot.airflow_copies import connected, content, make_copy, neutralised, rows

OLD, OLDER, NEW = (Fernet.generate_key().decode() for _ in range(3))
OVERRIDES = Overrides(
    {"set": ConnectionOverride("x", host="h", password="own", extra='{"own": 1}')},
    {"set": VariableOverride("own")},
)


def encrypted(key: str, text: str) -> str:
    return Fernet(key).encrypt(text.encode()).decode()


def decrypted(keys: str, text: str) -> str:
    return MultiFernet([Fernet(key) for key in keys.split(",")]).decrypt(text.encode()).decode()


def insert(connection: psycopg.Connection, name: str, key: str | None) -> None:
    """A connection and a variable, encrypted if there is a key."""
    password, extra, value = "é password", '{"extra": 1}', "value"
    if key:
        password, extra, value = (encrypted(key, text) for text in (password, extra, value))
    flag = key is not None
    connection.execute(
        "insert into connection (conn_id, conn_type, password, extra, is_encrypted,"
        " is_extra_encrypted) values (%s, 'x', %s, %s, %s, %s)",
        [name, password, extra, flag, flag],
    )
    connection.execute(
        "insert into variable (key, val, is_encrypted) values (%s, %s, %s)", [name, value, flag]
    )


@pytest.fixture(params=["2.11.0", "3.3.2", "3.4.0b2"])
def copy(postgres, request) -> str:
    url = make_copy(postgres, request.param)
    with connected(url) as connection:
        insert(connection, "secret", OLD)
        insert(connection, "older", OLDER)
        insert(connection, "clear", None)
        connection.execute(
            "insert into connection (conn_id, conn_type, password, extra, is_encrypted,"
            " is_extra_encrypted) values ('empty', 'x', '', null, true, true)"
        )
    return url


def values(url: str) -> dict[str, tuple]:
    found = rows(
        url,
        "select conn_id, password, extra, val, connection.is_encrypted, is_extra_encrypted,"
        " variable.is_encrypted from connection join variable on key = conn_id",
    )
    return {name: tuple(rest) for name, *rest in found}


def read(url: str, keys: str, name: str) -> list[str]:
    *texts, _, _, _ = values(url)[name]
    assert values(url)[name][3:] == (True, True, True)
    return [decrypted(keys, text) for text in texts]


PLAIN = ["é password", '{"extra": 1}', "value"]
CLEAR = (*PLAIN, False, False, False)


def test_both_keys_encrypt_everything_anew(copy) -> None:
    report = neutralised(
        copy, old_fernet_key=f"{OLD},{OLDER}", new_fernet_key=NEW, overrides=OVERRIDES
    )
    assert read(copy, NEW, "secret") == read(copy, NEW, "older") == PLAIN
    assert read(copy, NEW, "set") == ["own", '{"own": 1}', "own"]
    assert values(copy)["clear"] == CLEAR
    assert report.emptied == ()
    anew = {c.sentence: c.rows for c in report.changes if c.sentence.startswith("encrypted")}
    assert anew == {
        "encrypted each password anew": 2,
        "encrypted each extra anew": 2,
        "encrypted each val anew": 2,
    }


def test_the_first_of_several_new_keys_writes(copy) -> None:
    keys = {"old_fernet_key": f"{OLD},{OLDER}", "new_fernet_key": f"{NEW},{OLD}"}
    neutralised(copy, **keys)
    assert read(copy, NEW, "secret") == PLAIN


def test_the_old_key_alone_is_proven_and_everything_stays(copy) -> None:
    before = values(copy)
    neutralised(copy, old_fernet_key=f"{OLDER},{OLD}")
    assert read(copy, OLDER, "older") == read(copy, OLDER, "secret") == PLAIN
    assert {name: values(copy)[name] for name in ("older", "clear")} == {
        name: before[name] for name in ("older", "clear")
    }


def test_overrides_are_encrypted_with_the_old_key_if_it_goes_on(copy) -> None:
    neutralised(copy, old_fernet_key=f"{OLD},{OLDER}", overrides=OVERRIDES)
    assert read(copy, OLD, "set") == ["own", '{"own": 1}', "own"]


def test_without_a_key_everything_encrypted_is_emptied_and_listed(copy) -> None:
    report = neutralised(copy, overrides=OVERRIDES)
    ((may_be_null,),) = rows(
        copy,
        "select is_nullable = 'YES' from information_schema.columns"
        " where table_name = 'variable' and column_name = 'val'",
    )
    emptied = (None, None, None if may_be_null else "", False, False, False)
    assert values(copy)["secret"] == values(copy)["older"] == emptied
    assert values(copy)["clear"] == CLEAR
    assert values(copy)["set"] == ("own", '{"own": 1}', "own", False, False, False)
    assert sorted(report.emptied) == [
        *("connection older (extra)", "connection older (password)"),
        *("connection secret (extra)", "connection secret (password)"),
        *("variable older (val)", "variable secret (val)"),
    ]
    assert "  connection older (extra)" in list(report.lines())


def test_the_new_key_alone_empties_what_it_does_not_read(copy) -> None:
    with connected(copy) as connection:
        insert(connection, "shared", NEW)
    report = neutralised(copy, new_fernet_key=NEW, overrides=OVERRIDES)
    assert read(copy, NEW, "set") == ["own", '{"own": 1}', "own"]
    assert read(copy, NEW, "shared") == PLAIN
    assert values(copy)["secret"][0] is None
    assert not any("shared" in name or "set" in name for name in report.emptied)


@pytest.mark.parametrize("new", [None, NEW], ids=["no new key", "a new key"])
def test_an_old_key_that_does_not_read_everything(copy, new) -> None:
    before = content(copy)
    with pytest.raises(SnapshotSettingsError) as caught:
        neutralised(copy, old_fernet_key=OLD, new_fernet_key=new)
    assert str(caught.value) == (
        "AIRFLOW_SNAPSHOT_OLD_FERNET_KEY is not the key, or not every key, of"
        " connection older (password)"
    )
    assert content(copy) == before


def test_what_the_overrides_replace_or_delete_need_not_be_read(copy) -> None:
    overrides = Overrides({"older": None}, {"older": VariableOverride("own")})
    neutralised(copy, old_fernet_key=OLD, new_fernet_key=NEW, overrides=overrides)
    assert read(copy, NEW, "secret") == PLAIN


def test_a_second_run_with_both_keys_changes_no_value(copy) -> None:
    keys = {"old_fernet_key": f"{OLD},{OLDER}", "new_fernet_key": NEW}
    neutralised(copy, **keys, overrides=OVERRIDES)
    before = values(copy)
    assert next(neutralised(copy, **keys).lines()) == "nothing to change"
    assert values(copy) == before


@pytest.mark.parametrize("side", ["old", "new"])
def test_what_is_no_key(copy, side) -> None:
    with pytest.raises(
        SnapshotSettingsError, match=f"_{side.upper()}_FERNET_KEY is no Fernet key"
    ) as e:
        neutralised(copy, **{f"{side}_fernet_key": f"{OLD},hunter2"})
    assert "hunter2" not in str(e.value)
