"""Places for snapshots, encryption, and which snapshots are kept."""

from __future__ import annotations

import itertools
import json
import shutil
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import boto3
import pyrage
import pytest
from moto.server import ThreadedMotoServer

from airflow_snapshot.contents import Contents
from airflow_snapshot.manifest import Archive, Manifest, Running, Source
from airflow_snapshot.pruning import RetentionPolicy, to_delete
from tests.small_disk import small_disk
from tests.snapshot.conftest import Snapshots, add_rows, rows_of, tables_of

ACCOUNT = {
    "AWS_ACCESS_KEY_ID": "any",
    "AWS_SECRET_ACCESS_KEY": "any",
    "AWS_DEFAULT_REGION": "us-east-1",
}


_numbers = itertools.count()


@pytest.fixture
def bucket(monkeypatch):
    """An object store: its snapshots and the names of its objects."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    for name, value in ACCOUNT.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", endpoint_url=address)
    # Every server of this process shows the same buckets.
    own = f"snapshots-{next(_numbers)}"
    client.create_bucket(Bucket=own)

    def objects() -> set[str]:
        return {entry["Key"] for entry in client.list_objects(Bucket=own).get("Contents", [])}

    environ = ACCOUNT | {"AWS_ENDPOINT_URL": address, "NO_PROXY": "127.0.0.1"}
    yield Snapshots(f"s3://{own}/airflow", environ), objects
    server.stop()


def test_an_object_store(bucket, source, postgres, new_name):
    snapshots, objects = bucket
    assert snapshots.run("list") == ""
    name = snapshots.take(source)
    assert objects() == {f"airflow/{name}.dump", f"airflow/{name}.json"}
    assert name in snapshots.run("list")
    assert "PASS" in snapshots.run("verify")
    snapshots.run("restore", "--into", postgres.url(new_name))
    tables = tables_of(source)
    assert rows_of(postgres.url(new_name), *tables) == rows_of(source, *tables)
    newer = snapshots.take(source)
    snapshots.run("prune", "--daily", "1", "--weekly", "0", "--monthly", "0")
    assert objects() == {f"airflow/{newer}.dump", f"airflow/{newer}.json"}


def test_an_object_store_that_is_not_there(bucket, source):
    snapshots, objects = bucket
    missing = {"AIRFLOW_SNAPSHOT_LOCATION": "s3://missing/airflow"}
    printed = snapshots.run("take", code=78, AIRFLOW_SNAPSHOT_SOURCE=source, **missing)
    assert "s3://missing/airflow" in printed
    nobody = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    assert snapshots.location in snapshots.run("list", code=75, **nobody)
    assert objects() == set()


def test_a_take_that_is_ended_leaves_no_snapshot_in_an_object_store(bucket, source):
    snapshots, _ = bucket
    process = snapshots.start("take", AIRFLOW_SNAPSHOT_SOURCE=source)
    time.sleep(0.9)
    process.send_signal(signal.SIGTERM)
    process.communicate()
    # It may have been done just then.
    assert snapshots.run("list").splitlines() == [] or "PASS" in snapshots.run("verify")


def test_a_location_of_an_unknown_kind(snapshots):
    snapshots.location = "ftpx://host/folder"
    assert "cannot be used" in snapshots.run("list", code=78)


def test_a_folder_that_may_not_be_written(snapshots, source, tmp_path):
    (tmp_path / "file").write_text("")
    snapshots.location = str(tmp_path / "file" / "snapshots")
    printed = snapshots.run("take", code=78, AIRFLOW_SNAPSHOT_SOURCE=source)
    assert str(tmp_path / "file") in printed


def test_a_full_disk(snapshots, source, tmp_path):
    add_rows(source)
    small = tmp_path / "small"
    small.mkdir()
    with small_disk(small, "1m"):
        key = str(pyrage.x25519.Identity.generate().to_public())
        for encryption in ((), ("--encrypt-to", key)):
            snapshots.location = str(small)
            printed = snapshots.run("take", *encryption, code=78, AIRFLOW_SNAPSHOT_SOURCE=source)
            assert "No space left on device" in printed
            assert "Make room there" in printed
            assert list(small.iterdir()) == []
            assert snapshots.run("list") == ""


def test_encrypted_to_a_key_of_age(snapshots, source, tmp_path, postgres, new_name):
    identity, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    key, wrong = tmp_path / "key.txt", tmp_path / "wrong.txt"
    key.write_text(f"# created: today\n# public key: {identity.to_public()}\n{identity}\n")
    wrong.write_text(f"{other}\n")
    name = snapshots.take(source, "--encrypt-to", str(identity.to_public()))
    archive = Path(snapshots.location) / f"{name}.dump.age"
    assert archive.read_bytes().startswith(b"age-encryption.org")
    assert "encrypted" in snapshots.run("list")
    assert "PASS" in snapshots.run("verify", "--identity", str(key))
    assert "Name the file with the private key" in snapshots.run("verify", code=78)
    assert "to other keys" in snapshots.run("verify", "--identity", str(wrong), code=78)
    assert "holds no private key" in snapshots.run("verify", "--identity", __file__, code=78)
    assert "cannot be read" in snapshots.run("verify", "--identity", "/nowhere", code=78)
    snapshots.run("restore", "--identity", str(key), "--into", postgres.url(new_name))
    assert rows_of(postgres.url(new_name), "dag_run") == rows_of(source, "dag_run")
    data = archive.read_bytes()
    archive.write_bytes(data[: len(data) // 2])
    printed = snapshots.run("verify", "--identity", str(key), code=78)
    assert printed.startswith("FAIL")
    assert "damaged" in printed


def test_encrypted_to_a_key_of_ssh(snapshots, source, tmp_path):
    if not shutil.which("ssh-keygen"):
        pytest.skip("there is no ssh-keygen here")
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True
    )
    key = (tmp_path / "key.pub").read_text()
    snapshots.take(source, "--encrypt-to", key)
    assert "PASS" in snapshots.run("verify", "--identity", str(tmp_path / "key"))
    # Spaces are part of it; several are separated by commas.
    other = pyrage.x25519.Identity.generate()
    (tmp_path / "other").write_text(str(other))
    snapshots.take(source, AIRFLOW_SNAPSHOT_ENCRYPT_TO=f"{key.strip()},{other.to_public()}")
    for file in ("key", "other"):
        assert "PASS" in snapshots.run("verify", AIRFLOW_SNAPSHOT_IDENTITY=str(tmp_path / file))


def test_no_key(snapshots, source):
    printed = snapshots.run("take", "--encrypt-to", "me", code=78, AIRFLOW_SNAPSHOT_SOURCE=source)
    assert "--encrypt-to takes a public key" in printed


def manifest(taken_at: datetime, slug: str = "shop") -> Manifest:
    name = f"{slug}-{taken_at:%Y%m%dT%H%M%S}000Z"
    return Manifest(
        name=name,
        environment_slug=slug,
        taken_at=taken_at,
        has_secrets=True,
        source=Source("", "public", "1/1", "18.4", "UTF8", "3.3.0", {}),
        running=Running((), 0, 0),
        contents=Contents({}, {}, {}, []),
        archive=Archive(f"{name}.dump", 1, "", is_encrypted=False),
    )


NOON = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)  # a Friday


def kept_days(policy: RetentionPolicy, manifests: list[Manifest]) -> list[str]:
    gone = {one.name for one in to_delete(manifests, policy)}
    return [f"{one.taken_at:%m-%d %H}" for one in manifests if one.name not in gone]


def test_prune_keeps_the_newest_of_each_period():
    twice_a_day = [manifest(NOON - timedelta(hours=12 * half)) for half in range(140)]
    assert kept_days(RetentionPolicy(3, 0, 0), twice_a_day) == ["11-20 12", "11-19 12", "11-18 12"]
    assert kept_days(RetentionPolicy(0, 3, 0), twice_a_day) == ["11-20 12", "11-15 12", "11-08 12"]
    assert kept_days(RetentionPolicy(0, 0, 9), twice_a_day) == ["11-20 12", "10-31 12", "09-30 12"]
    assert kept_days(RetentionPolicy(2, 2, 2), twice_a_day) == [
        *("11-20 12", "11-19 12", "11-15 12", "10-31 12")
    ]


def test_a_week_of_a_year_is_no_week_of_another_and_goes_on_over_its_end():
    a_year_ago = NOON - timedelta(weeks=52)
    assert kept_days(RetentionPolicy(0, 2, 0), [manifest(NOON), manifest(a_year_ago)]) == [
        *("11-20 12", "11-21 12")
    ]
    new_year = [
        manifest(datetime(2027, 1, 1, tzinfo=timezone.utc) - timedelta(days=n)) for n in (0, 1)
    ]
    assert kept_days(RetentionPolicy(0, 2, 0), new_year) == ["01-01 00"]


def test_prune_keeps_the_newest_of_every_environment():
    old = [manifest(NOON - timedelta(days=400)), manifest(NOON - timedelta(days=800))]
    other = manifest(NOON - timedelta(days=900), "other")
    assert to_delete([*old, other], RetentionPolicy(0, 0, 0)) == [old[1]]
    assert to_delete([], RetentionPolicy(0, 0, 0)) == []


def test_prune_removes_what_killed_takes_left_and_nothing_else(snapshots, source):
    name = snapshots.take(source)
    folder = Path(snapshots.location)
    long_ago = "shop-20200101T000000000Z"
    now = f"shop-{datetime.now(timezone.utc):%Y%m%dT%H%M%S}000Z"
    left = [f"{long_ago}.dump", f".{long_ago}.dump.age.partial", f".{long_ago}.json.partial"]
    stays = ["notes.txt", f"{now}.dump", f".{now}.dump.partial", "mine.dump"]
    for file in [*left, *stays]:
        (folder / file).write_text("")
    assert "Would delete" in snapshots.run("prune", "--dry-run")
    assert set(left) <= {path.name for path in folder.iterdir()}
    snapshots.run("prune")
    kept = {path.name for path in folder.iterdir()}
    assert kept == {*stays, f"{name}.dump", f"{name}.json"}


def test_a_command_on_a_snapshot(snapshots, source):
    name = snapshots.take(source)
    show = (
        "import os, psycopg; url = os.environ['TAP_AIRFLOW_METADATA_DATABASE_URL'];"
        " c = psycopg.connect(url); print(os.environ['ENVIRONMENT_SLUG'],"
        " c.execute(\"select current_setting('airflow_snapshot.taken_at'),"
        " current_setting('airflow_snapshot.database_id')\").fetchone())"
    )
    command = ("run", "latest", "--", "python", "-c", show)
    path = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    printed = snapshots.run(*command, **path)
    content = json.loads((Path(snapshots.location) / f"{name}.json").read_text())
    taken_at = content["taken_at"].replace("+00:00", "000+00:00")
    assert f"shop ('{taken_at}', '{content['source']['database_id']}')" in printed
    assert snapshots.run("run", name, "--", "sh", "-c", "exit 75", code=75)
    assert "nothing-of-that-name cannot be run" in snapshots.run(
        "run", name, "--", "nothing-of-that-name", code=78
    )
    printed = snapshots.run(*command, code=78, ENVIRONMENT_SLUG="other")
    assert "The snapshot is of shop, and ENVIRONMENT_SLUG is other" in printed
