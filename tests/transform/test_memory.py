"""How much memory DuckDB takes in a build, where the rest goes, and what is said without enough."""

from __future__ import annotations

import re

import duckdb

from tests.transform.conftest import BOTH
from tests.transform.environments import TWO
from tests.transform.running_dbt import DbtProject

LIMIT = (
    "select current_setting('memory_limit') as limit, current_setting('temp_directory') as folder"
)
UNITS = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


def bytes_of(size: str) -> float:
    number, unit = size.split()
    return float(number) * UNITS[unit]


def test_memory_is_half_of_the_machines_and_the_rest_goes_beside_the_file(
    project: DbtProject,
) -> None:
    run = project.run("show", "--output", "json", "--inline", LIMIT)
    [limit] = re.findall(r'"limit": "(.*)"', run.output)
    with duckdb.connect() as plain:
        [(whole,)] = plain.execute("select current_setting('memory_limit')").fetchall()
    # DuckDB's own is four fifths of the machine's, or of the container's; it rounds to a tenth.
    assert abs(bytes_of(limit) / bytes_of(whole) - 5 / 8) < 0.05
    assert f'"folder": "{project.warehouse}.tmp"' in run.output


def test_a_limit_that_is_no_size_is_refused(project: DbtProject) -> None:
    run = project.run("show", "--inline", LIMIT, TARGET_DUCKDB_MEMORY_LIMIT="much")
    assert run.exit_code != 0
    assert "TARGET_DUCKDB_MEMORY_LIMIT is 'much'; it has to be like 4GB" in run.output


def test_a_build_without_enough_memory_says_which_setting(project: DbtProject) -> None:
    with duckdb.connect(str(project.warehouse)) as warehouse:
        warehouse.execute(
            f'insert into "airflow_{TWO}".log (id, event, dag_id, extra, _sdc_extracted_at)'
            " select range + 1000, 'trigger', md5(range::varchar), md5(range::varchar),"
            " '2026-03-01'::timestamptz from range(200000)"
        )
    build = ["run", "--full-refresh", "--select", "fct_audit_events"]
    run = project.run(*build, ENVIRONMENT_SLUGS=BOTH, TARGET_DUCKDB_MEMORY_LIMIT="16MiB")
    assert run.exit_code == 1, run.output
    assert "Out of Memory Error" in run.output
    assert "more memory than its 16.0 MiB, by TARGET_DUCKDB_MEMORY_LIMIT" in run.output
    assert run.output.count("TARGET_DUCKDB_MEMORY_LIMIT") == 1
