"""The project's own rules: descriptions, contracts, keys, unit tests, names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from tests.transform.raw_tables import default_tables
from tests.transform.running_dbt import PROJECT, ROOT

# They do nothing but put texts of a group into one, sort for a percentile, count, or list what
# others find: see macros/listed.sql and macros/percentile.sql.
WITHOUT_UNIT_TEST = {
    "int_backfill_skip_reasons_listed",
    "int_compared_runs_medians",
    "int_dag_owner_links_listed",
    "int_dag_tags_listed",
    "int_dag_warnings_listed",
    "int_findings_unioned",
    "int_latencies_by_hour_percentiles",
    "int_numbers_generated",
    "int_raw_rows_counted",
    "int_seconds_by_day_percentiles",
    "int_task_durations_percentiles",
    "int_user_groups_listed",
    "int_user_roles_listed",
}

DESCRIBED = ("models", "seeds", "snapshots")
# Seconds; parts of a whole, from 0 to 1; hours; money; distances in standard deviations; what a
# column beside it says the unit of.
DOUBLES = ("_seconds", "_share", "_hours", "_cost", "z_score", "measured_value", "usual_value")
# Their rows become those of a mart one by one, so that its key proves theirs: over a million rows
# a second test of the same costs as much as the mart.
KEY_IS_PROVEN_BY = {
    "int_audit_events_noted": "fct_audit_events",
    "int_task_attempts_numbered": "fct_task_attempts",
    "int_task_attempts_unioned": "fct_task_attempts",
    "int_task_instances_unified": "fct_task_instances",
}

# Made one by one of rows of marts, or of such as are, so that the marts' keys prove theirs.
KEY_IS_THAT_OF = {
    "int_compared_runs_listed": {"fct_dag_runs"},
    "int_latencies_by_hour_unpivoted": {"fct_task_attempts"},
    "int_pool_slots_spanned": {"fct_task_attempts", "fct_task_instances"},
    "int_pool_slots_stepped": {"int_pool_slots_spanned"},
    "int_seconds_by_day_unpivoted": {"fct_dag_runs", "fct_task_attempts"},
}
# Every row of them is joined to a row of these marts by its whole key: two of one key would make
# two rows of one there.
KEY_IS_JOINED_TO = {
    "int_duration_baselines_averaged": {"agg_dags_daily", "agg_tasks_daily"},
    "int_latencies_by_hour_percentiles": {"agg_scheduling_latency_hourly"},
    "int_seconds_by_day_percentiles": {"agg_dags_daily", "agg_tasks_daily"},
}
# Nothing but a `union distinct`, of which all columns are the key.
KEY_IS_THE_ROW = {"int_dag_days_changed", "int_task_instances_changed"}

# As the documentation of dbt's semantic layer calls it.
DAY_OF_TIME_SPINE = "date_day"

Node = dict[str, Any]


@pytest.fixture
def models(manifest: dict[str, Any]) -> list[Node]:
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    assert len(models) > len(default_tables())
    return models


@pytest.fixture
def snapshots(manifest: dict[str, Any]) -> list[Node]:
    snapshots = [n for n in manifest["nodes"].values() if n["resource_type"] == "snapshot"]
    assert snapshots
    return snapshots


@pytest.fixture
def built_columns(warehouse: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Column types by model, as they are in the warehouse."""
    columns: dict[str, dict[str, str]] = {}
    for table, column, kind in warehouse.execute(
        "select table_name, column_name, data_type from duckdb_columns()"
        " where schema_name like 'airflow_audit%' order by column_index"
    ).fetchall():
        columns.setdefault(table, {})[column] = kind
    return columns


def is_mart(model: Node) -> bool:
    return model["path"].startswith("marts/")


def description_files() -> list[Path]:
    return [file for top in DESCRIBED for file in PROJECT.glob(f"{top}/**/_*.yml")]


def generic_tests(manifest: dict[str, Any], model: Node) -> set[tuple[str, str | None]]:
    """Return the generic tests of a model, each with the column it is on."""
    return {
        (node["test_metadata"]["name"], node["column_name"])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and node.get("attached_node") == model["unique_id"]
    }


def read_by(models: list[Node], name: str) -> set[str]:
    """Return the names of what a model reads."""
    (model,) = (model for model in models if model["name"] == name)
    return {read.split(".")[-1] for read in model["depends_on"]["nodes"]}


def test_every_model_says_its_grain(models: list[Node], snapshots: list[Node]) -> None:
    silent = [
        node["name"]
        for node in [*models, *snapshots]
        if not re.search(r"Grain: one row per [^.]+\.$", node["description"])
    ]
    assert silent == []


def test_every_column_is_described(
    models: list[Node], snapshots: list[Node], built_columns: dict[str, dict[str, str]]
) -> None:
    for model in [*models, *snapshots]:
        described = {name for name, c in model["columns"].items() if c["description"]}
        assert described == set(built_columns[model["name"]]), model["name"]


def test_columns_are_described_by_concept() -> None:
    own_words = []
    for file in description_files():
        content = yaml.safe_load(file.read_text())
        own_words += [
            f"{node['name']}.{column['name']}"
            for kind in DESCRIBED
            for node in content.get(kind, [])
            for column in node["columns"]
            if not re.fullmatch(r"{{ doc\('\w+'\) }}", column["description"])
        ]
    assert own_words == []


def test_descriptions_stand_alone() -> None:
    """Whoever reads one in a catalogue sees neither the model nor the column above."""
    points_elsewhere = re.compile(
        r"{% docs (\w+) %}\n(?:(?:It|Its|They|Their|Those|These|This|That|Such|The same)\b"
        r"|(?:Whether|When|How long|Why|Who|What|Where)"
        r" (?:it|its|they|those|these|this|that|then)\b)"
    )
    found = [
        concept
        for file in PROJECT.glob("models/docs/*.md")
        for concept in points_elsewhere.findall(file.read_text())
    ]
    assert found == []


def test_every_concept_is_used() -> None:
    written = "".join(file.read_text() for file in description_files())
    documents = "".join(file.read_text() for file in PROJECT.glob("models/docs/*.md"))
    concepts = set(re.findall(r"{% docs (\w+) %}", documents)) - {"__overview__"}
    assert concepts - set(re.findall(r"doc\('+(\w+)'+\)", written)) == set()


def test_every_mart_has_a_contract_and_a_key(manifest: dict[str, Any], models: list[Node]) -> None:
    marts = [model for model in models if is_mart(model)]
    assert marts
    for mart in marts:
        key = next(iter(mart["columns"]))
        is_calendar = mart["name"] == "dim_dates"
        assert key == "day_on" if is_calendar else key.endswith("_key"), mart["name"]
        assert {("unique", key), ("not_null", key)} <= generic_tests(manifest, mart), mart["name"]
        assert mart["contract"]["enforced"], mart["name"]
        assert is_calendar or "environment_slug" in mart["columns"], mart["name"]


def test_every_other_model_has_a_tested_key(manifest: dict[str, Any], models: list[Node]) -> None:
    # The keys of staging are those that the loader merges by: tests/load and tests/pipeline.
    untested = {
        model["name"]
        for model in models
        if not is_mart(model)
        # The keys of rules are tested together, in int_findings_unioned.
        and not model["path"].startswith(("staging/", "rules/"))
        and ("is_key", None) not in generic_tests(manifest, model)
    }
    assert untested == {*KEY_IS_PROVEN_BY, *KEY_IS_THAT_OF, *KEY_IS_JOINED_TO, *KEY_IS_THE_ROW}
    for mart in (model for model in models if model["name"] in KEY_IS_PROVEN_BY.values()):
        assert ("has_all_rows_of", None) in generic_tests(manifest, mart), mart["name"]
    for name, marts in KEY_IS_THAT_OF.items():
        assert marts <= read_by(models, name), name
    for name, marts in KEY_IS_JOINED_TO.items():
        assert all(name in read_by(models, mart) for mart in marts), name
    for model in (model for model in models if model["name"] in KEY_IS_THE_ROW):
        assert "union distinct" in model["raw_code"], model["name"]
        assert "union all" not in model["raw_code"], model["name"]


def test_every_rule_counts(models: list[Node]) -> None:
    rules = {model["name"] for model in models if model["path"].startswith("rules/")}
    assert rules
    assert rules <= read_by(models, "int_findings_unioned")
    for model in (model for model in models if model["name"] in rules):
        assert f'"{model["name"].removeprefix("rule_")}"' in model["raw_code"], model["name"]


def test_every_snapshot_is_a_timeline(manifest: dict[str, Any], snapshots: list[Node]) -> None:
    for snapshot in snapshots:
        tests = generic_tests(manifest, snapshot)
        assert {("is_timeline", None), ("unique", "dbt_scd_id")} <= tests, snapshot["name"]


def test_snapshots_end_nothing_by_themselves_and_take_no_time_from_the_build(
    snapshots: list[Node],
) -> None:
    for snapshot in snapshots:
        config = snapshot["config"]
        assert config["strategy"] == "check", snapshot["name"]
        assert config["updated_at"] == "observed_at", snapshot["name"]
        # What is gone, or over, is a value.
        assert {"is_deleted_at_source", "is_open"} & set(config["check_cols"]), snapshot["name"]
        assert config.get("hard_deletes") in (None, "ignore"), snapshot["name"]
        assert snapshot["schema"] == "airflow_audit_history", snapshot["name"]


def test_every_calculation_has_a_unit_test(manifest: dict[str, Any], models: list[Node]) -> None:
    tested = {test["model"] for test in manifest["unit_tests"].values()}
    calculating = {m["name"] for m in models if not m["path"].startswith("staging/")}
    assert calculating - tested == WITHOUT_UNIT_TEST


def test_names_say_the_type(models: list[Node], built_columns: dict[str, dict[str, str]]) -> None:
    wrong = [
        f"{model['name']}.{column}: {kind}"
        for model in models
        for column, kind in built_columns[model["name"]].items()
        if column.endswith("_at") != (kind == "TIMESTAMP WITH TIME ZONE")
        or column.startswith(("is_", "has_", "was_")) != (kind == "BOOLEAN")
        or (kind == "DATE" and not column.endswith("_on") and column != DAY_OF_TIME_SPINE)
        or (column.endswith("_on") and kind not in ("DATE", "BOOLEAN"))
        or (kind == "DOUBLE" and not column.endswith(DOUBLES))
        or (column.endswith(DOUBLES[1:]) and kind != "DOUBLE")
    ]
    assert wrong == []


def test_staging_reads_every_default_table_and_column() -> None:
    sources = {
        found.group(1): text
        for file in PROJECT.glob("models/staging/**/*.sql")
        for text in [file.read_text()]
        if (found := re.search(r'airflow_table\("(\w+)"\)', text))
    }
    assert set(sources) == {table.name for table in default_tables()}
    unread = [
        f"{table.name}.{column.name}"
        for table in default_tables()
        for column in table.raw_columns()
        if not re.search(rf"\b{column.name}\b", sources[table.name].split("renamed as")[1])
    ]
    assert unread == []


def test_models_do_not_know_the_warehouse() -> None:
    models = list(PROJECT.glob("models/**/*.sql"))
    assert models
    # On BigQuery, dbt.dateadd makes of a time one without a zone, which compares with no other.
    known = r"target\.|adapter\.|dbt\.dateadd"
    assert [m.name for m in models if re.search(known, m.read_text())] == []


def test_views_rely_on_nothing_that_they_lose(models: list[Node]) -> None:
    # DuckDB forgets `not materialized` of a view once its file is opened anew.
    views = [model for model in models if model["config"]["materialized"] == "view"]
    assert not [view["name"] for view in views if "not_materialized" in view["raw_code"]]


def test_messages_fit_however_dbt_is_run() -> None:
    texts = [*PROJECT.glob("macros/**/*.sql"), *PROJECT.glob("tests/**/*.sql")]
    assert texts
    plugins = r"meltano|\b(tap|target)-\w|dbt:"
    assert [text.name for text in texts if re.search(plugins, text.read_text())] == []


def test_models_are_short() -> None:
    long = [m.name for m in PROJECT.glob("models/**/*.sql") if m.read_text().count("\n") > 120]
    assert long == []


def test_the_front_page_names_every_mart() -> None:
    front_page = (PROJECT / "models/docs/overview.md").read_text()
    marts = [path.stem for path in PROJECT.glob("models/marts/**/*.sql")]
    assert [mart for mart in marts if f"`{mart}`" not in front_page] == []


def test_the_seed_is_sorted() -> None:
    events = [
        line.split(",")[0]
        for line in (PROJECT / "seeds/audit_events.csv").read_text().split("\n")[1:-1]
    ]
    assert events == sorted(events)


def _default_path(plugin_file: Path, kind: str, name: str) -> str:
    plugins = yaml.safe_load(plugin_file.read_text())["plugins"][kind]
    (plugin,) = (plugin for plugin in plugins if plugin["name"] == name)
    (setting,) = (setting for setting in plugin["settings"] if setting["name"] == "path")
    return setting["value"]


def test_loader_and_dbt_mean_the_same_file() -> None:
    loader = _default_path(ROOT / "load/loaders.meltano.yml", "loaders", "target-duckdb")
    assert loader == _default_path(PROJECT / "transformers.meltano.yml", "utilities", "dbt")
