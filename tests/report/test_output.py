"""Where the report goes."""

from __future__ import annotations

import boto3
import fsspec
import pytest
from moto.server import ThreadedMotoServer

from airflow_audit_report.errors import ReportSettingsError, ReportUnavailableError
from airflow_audit_report.output import require_writable, write


def test_a_file_in_a_folder_that_is_not_there_yet(tmp_path):
    place = tmp_path / "new" / "report.html"
    write("<p>ü", str(place))
    write("<p>ö", str(place))
    assert place.read_text(encoding="utf-8") == "<p>ö"
    assert [path.name for path in place.parent.iterdir()] == ["report.html"]


def test_a_report_that_cannot_be_written_whole_leaves_the_older_one(tmp_path):
    place = tmp_path / "report.html"
    write("<p>older", str(place))
    with pytest.raises(ReportSettingsError, match="surrogates not allowed"):
        write("<p>\ud800", str(place))
    assert place.read_text() == "<p>older"
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_an_object():
    write("<p>ü", "memory://reports/report.html")
    with fsspec.open("memory://reports/report.html", "r", encoding="utf-8") as file:
        assert file.read() == "<p>ü"


def test_an_object_in_s3(monkeypatch):
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    for name, value in {
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": address,
        "NO_PROXY": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket="reports")
    try:
        write("<p>ü", "s3://reports/airflow/report.html")
        made = client.get_object(Bucket="reports", Key="airflow/report.html")
        assert made["Body"].read().decode() == "<p>ü"
        with pytest.raises(ReportSettingsError, match=r"--output s3://none/report\.html"):
            write("<p>ü", "s3://none/report.html")
        assert "none" not in {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
    finally:
        server.stop()


@pytest.mark.parametrize("place", ["nowhere://bucket/report.html", "{folder}", "{folder}/a/b"])
def test_a_place_that_cannot_be_written(place, tmp_path):
    (tmp_path / "a").write_text("a file")
    for refused in (require_writable, lambda where: write("x", where)):
        with pytest.raises(ReportSettingsError, match="--output"):
            refused(place.format(folder=tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_folder_of_somebody_else(tmp_path, monkeypatch):
    # Root may write everywhere.
    monkeypatch.setattr("os.access", lambda path, _: path != tmp_path)
    with pytest.raises(ReportSettingsError, match=f"the folder {tmp_path} is not writable"):
        require_writable(str(tmp_path / "new" / "report.html"))


@pytest.mark.parametrize(
    "place", ["{folder}/new/report.html", "{folder}/a", "memory://reports/report.html"]
)
def test_a_place_is_looked_at_and_left(place, tmp_path):
    (tmp_path / "a").write_text("an older report")
    require_writable(place.format(folder=tmp_path))
    assert (tmp_path / "a").read_text() == "an older report"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_full_disk_may_be_emptied():
    with pytest.raises(ReportUnavailableError, match="No space left"):
        write("x" * 10_000, "file:///dev/full")
