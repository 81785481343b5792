"""Numbers of a live Airflow 3.4, asked of its own database and, independently, of the marts."""

from __future__ import annotations

import duckdb
import psycopg
import pytest

from tests.extract.source_rows import has_row_per_try
from tests.pipeline.live.conftest import TAKES_LONG
from tests.pipeline.live.story import FIRST, LOOP, MAPPED_LOOP, Story

pytestmark = TAKES_LONG

_FINAL = "('success', 'failed', 'skipped', 'upstream_failed', 'removed')"
_LOOPS = f"dag_id in ('{LOOP}', '{MAPPED_LOOP}')"
_NOT_DELETED = "not is_deleted_at_source"

# What is asked; of Airflow's database; of the marts.
NUMBERS = [
    (
        "tries of loops, by the events of their beginning",
        f"select count(distinct task_instance_id) from log where event = 'running' and {_LOOPS}",
        f"select count(*) from fct_task_attempts where {_LOOPS}",
    ),
    (
        "tries by DAG and state, of those that wrote an event as they began",
        """
        select dag_id, state, count(*) from task_instance
        where id in (select task_instance_id from log where event = 'running')
        group by dag_id, state
        """,
        f"""
        select dag_id, state, count(*) from fct_task_attempts
        where {_NOT_DELETED} and task_attempt_key in (
            select task_attempt_key from fct_audit_events where event_name = 'running'
        ) group by dag_id, state
        """,
    ),
    (
        "iterations of a loop, whatever was cleared",
        f"""
        select count(distinct (family_root_id, region_index))
        from task_instance inner join dynamic_region on dynamic_region.id = region_id
        where task_instance.dag_id = '{LOOP}'
        """,
        f"""
        select count(distinct (region_family_id, iteration))
        from fct_task_instances where dag_id = '{LOOP}'
        """,
    ),
    (
        "regions of a loop: the first, and one for the iteration that was cleared",
        f"select count(*) from dynamic_region where dag_id = '{LOOP}'",
        f"select count(distinct region_id) from fct_task_instances where dag_id = '{LOOP}'",
    ),
    (
        "instances that another region took the place of",
        """
        select count(*) from (
            select from task_instance
            group by dag_id, task_id, run_id, region_id, region_index
            having not coalesce(bool_or(working_set), false)
        ) as superseded
        """,
        f"select count(*) from fct_task_instances where is_superseded and {_NOT_DELETED}",
    ),
    (
        "elements of a mapped task in each iteration of a loop",
        f"""
        select parent_region_index, count(*)
        from task_instance inner join dynamic_region on dynamic_region.id = region_id
        where task_instance.dag_id = '{MAPPED_LOOP}' and parent_region_index is not null
            and working_set
        group by parent_region_index
        """,
        f"""
        select iteration, count(*) from fct_task_instances
        where dag_id = '{MAPPED_LOOP}' and is_mapped and not is_superseded group by iteration
        """,
    ),
    (
        "tries of what was cleared",
        f"""
        select try_number, state from task_instance
        where dag_id = 'example_failed_dag' and task_id = 'fail_task' and run_id = '{FIRST}'
        """,
        f"""
        select try_number, state from fct_task_attempts
        where dag_id = 'example_failed_dag' and task_id = 'fail_task' and run_id = '{FIRST}'
        """,
    ),
    (
        "runs by state",
        "select state, count(*) from dag_run group by state",
        f"select state, count(*) from fct_dag_runs where {_NOT_DELETED} group by state",
    ),
    (
        "current tries by state",
        "select state, count(*) from task_instance where working_set group by state",
        f"""
        select state, count(*) from fct_task_instances
        where {_NOT_DELETED} and not is_superseded group by state
        """,
    ),
    (
        "tasks that are not done",
        f"select count(*) from task_instance where working_set and state not in {_FINAL}",
        f"""
        select count(*) from fct_task_instances
        where {_NOT_DELETED} and not is_superseded and state not in {_FINAL}
        """,
    ),
    (
        "approvals that were answered",
        "select count(distinct responded_at) from hitl_detail",
        "select count(*) from fct_approvals where responded_at is not null",
    ),
    (
        "updates of assets by a try that is known",
        """
        select count(*) from asset_event
        inner join task_instance on task_instance.id = source_task_instance_id
        """,
        """
        select count(*) from fct_asset_events
        inner join fct_task_instances using (task_instance_key)
        where not fct_task_instances.is_deleted_at_source
        """,
    ),
    (
        "events about a try",
        "select count(*) from log inner join task_instance on task_instance.id = task_instance_id",
        """
        select count(*) from fct_audit_events
        inner join fct_task_instances using (task_instance_key)
        where not fct_task_instances.is_deleted_at_source
        """,
    ),
]


@pytest.mark.parametrize(("name", "of_airflow", "of_marts"), NUMBERS, ids=[n for n, *_ in NUMBERS])
def test_the_marts_say_what_airflow_says(
    name: str, of_airflow: str, of_marts: str, told: Story
) -> None:
    if not has_row_per_try(told.version):
        pytest.skip(f"{name}: since Airflow 3.4")
    with psycopg.connect(told.pipe.database_url) as source:
        wanted = sorted(source.execute(of_airflow).fetchall(), key=str)
    with duckdb.connect(str(told.warehouse), read_only=True) as warehouse:
        warehouse.execute("use airflow_audit")
        found = sorted(warehouse.execute(of_marts).fetchall(), key=str)
    assert found == wanted
    assert wanted not in ([], [(0,)])
