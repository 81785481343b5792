"""Datasets of Airflow 2 and assets of Airflow 3: what updated them, and what that started."""

from __future__ import annotations

from demo.company import Company
from demo.simulation.records import DatasetEvent, History
from demo.tables.copying import Connection, Row, copy_rows


def write_dataset_events(connection: Connection, company: Company, history: History) -> None:
    """Fill the tables of dataset or asset events.

    Args:
        connection: To a database whose DAGs the real Airflow has parsed.
        company: Whose datasets.
        history: What happened.
    """
    is_3 = company.environment.is_airflow_3
    word = "asset" if is_3 else "dataset"
    by_uri = {
        uri: number for number, uri in connection.execute(f"select id, uri from {word}").fetchall()
    }
    numbers = {name: by_uri[uri] for name, uri in company.datasets.items()}
    runs = {id(run) for run in history.runs}
    events = {
        number: event
        for number, event in enumerate(history.dataset_events, 5_020)
        if event.instance is None or id(event.instance.run) in runs
    }
    by_event = {id(event): number for number, event in events.items()}
    copy_rows(
        connection,
        f"{word}_event",
        (_event_row(event, number, numbers, is_airflow_3=is_3) for number, event in events.items()),
    )
    copy_rows(
        connection,
        f"dagrun_{word}_event",
        (
            {"dag_run_id": run.number, "event_id": by_event[id(event)]}
            for run in history.runs
            for event in run.caused_by
            if id(event) in by_event
        ),
    )
    copy_rows(
        connection,
        f"{word}_dag_run_queue",
        (
            {f"{word}_id": numbers[name], "target_dag_id": dag_id, "created_at": at}
            for dag_id, pending in history.pending_datasets.items()
            for name, at in pending.items()
        ),
    )


def _event_row(
    event: DatasetEvent, number: int, numbers: dict[str, int], *, is_airflow_3: bool
) -> Row:
    word = "asset" if is_airflow_3 else "dataset"
    source = event.instance
    extra: Row = (
        {} if source else {"from_rest_api": True, "delivery_key": f"CANARY-{word}_event.extra"}
    )
    row: Row = {
        "id": number,
        f"{word}_id": numbers[event.dataset],
        "extra": extra,
        "source_task_id": source and source.task.task_id,
        "source_dag_id": source and source.run.dag_id,
        "source_run_id": source and source.run.run_id,
        "source_map_index": source.map_index if source else -1,
        "timestamp": event.happened_at,
    }
    return row | {"partition_key": None} if is_airflow_3 else row
