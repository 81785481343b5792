"""Write the company's DAGs as files that the real Airflow parses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from demo.company import Company, Dag, Task

OPERATORS_MODULE = "company_operators"
"""Module in the DAGs' folder with the company's own operators."""

COMPANY_OPERATORS = {
    "extract": "PostgresToWarehouseOperator",
    "api": "ApiToWarehouseOperator",
    "sql": "WarehouseSqlOperator",
    "dbt": "DbtBuildOperator",
    "check": "DataQualityOperator",
    "publish": "PublishReportOperator",
    "train": "TrainModelOperator",
}

_IMPORTS = {
    False: {
        "base": "from airflow.models.baseoperator import BaseOperator",
        "sensor_base": "from airflow.sensors.base import BaseSensorOperator",
        "dag": "from airflow import DAG, Dataset\nfrom airflow.decorators import task",
        "bash": "from airflow.operators.bash import BashOperator",
        "empty": "from airflow.operators.empty import EmptyOperator",
        "branch": "from airflow.operators.python import ShortCircuitOperator",
        "trigger": "from airflow.operators.trigger_dagrun import TriggerDagRunOperator",
    },
    True: {
        "base": "from airflow.sdk import BaseOperator",
        "sensor_base": "from airflow.sdk import BaseSensorOperator",
        "dag": (
            "from airflow.sdk import DAG, Asset, AsyncCallback, DeadlineAlert, "
            "DeadlineReference, task"
        ),
        "bash": "from airflow.providers.standard.operators.bash import BashOperator",
        "empty": "from airflow.providers.standard.operators.empty import EmptyOperator",
        "branch": "from airflow.providers.standard.operators.python import ShortCircuitOperator",
        "approval": "from airflow.providers.standard.operators.hitl import ApprovalOperator",
        "trigger": (
            "from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator"
        ),
    },
}


def write_dag_files(company: Company, folder: Path) -> None:
    """Write one file per DAG, the broken files and the company's operators.

    Args:
        company: Whose DAGs.
        folder: Folder for Airflow to use as its DAGs' folder; empty, or with the files of before.
    """
    imports = _IMPORTS[company.environment.is_airflow_3]
    (folder / f"{OPERATORS_MODULE}.py").write_text(_operators(imports))
    (folder / ".airflowignore").write_text(f"{OPERATORS_MODULE}.py\n")
    files = {dag.file: _dag_file(company, dag, imports) for dag in company.dags.values()}
    for name, text in (files | company.broken_files).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def _operators(imports: dict[str, str]) -> str:
    classes = "".join(
        f"\n\nclass {name}(CompanyOperator):\n    pass\n" for name in COMPANY_OPERATORS.values()
    )
    return f'''"""Operators of Fernwick Outfitters."""
{imports["base"]}
{imports["sensor_base"]}


class CompanyOperator(BaseOperator):
    template_fields = ("argument",)

    def __init__(self, *, argument="", **kwargs):
        super().__init__(**kwargs)
        self.argument = argument

    def execute(self, context):
        raise NotImplementedError("The company does not exist")
{classes}

class PartitionSensor(BaseSensorOperator):
    def poke(self, context):
        return False


async def page_on_call(**kwargs):
    print(kwargs)
'''


def _dag_file(company: Company, dag: Dag, imports: dict[str, str]) -> str:
    kinds = {task.kind for task in dag.tasks.values()}
    own = sorted({COMPANY_OPERATORS[kind] for kind in kinds if kind in COMPANY_OPERATORS})
    own += ["PartitionSensor"] if "sensor" in kinds else []
    lines = [
        f'"""{dag.description or dag.dag_id.replace("_", " ").capitalize() + "."}"""',
        "from datetime import timedelta",
        "",
        "import pendulum",
        imports["dag"],
        *(imports[kind] for kind in sorted(kinds & imports.keys())),
    ]
    if own:
        lines.append(f"from {OPERATORS_MODULE} import {', '.join(own)}")
    lines += [
        "",
        *_datasets(company, dag),
        "with DAG(",
        *(f"    {name}={value}," for name, value in _dag_arguments(company, dag).items()),
        "):",
    ]
    for task in dag.tasks.values():
        lines += [f"    {line}" for line in _task_lines(dag, task)]
    lines += [
        f"    [{', '.join(task.after)}] >> {task.task_id}"
        for task in dag.tasks.values()
        if task.after
    ]
    return "\n".join(lines) + "\n"


def _datasets(company: Company, dag: Dag) -> list[str]:
    """Assignments of the datasets that a DAG names: those it waits for and those it writes."""
    waits = dag.schedule if isinstance(dag.schedule, list) else []
    names = sorted({*waits, *(name for task in dag.tasks.values() for name in task.outlets)})
    lines = []
    for name in names:
        uri = json.dumps(company.datasets[name])
        if company.environment.is_airflow_3:
            extra = json.dumps({"reader_key": "CANARY-asset.extra"})
            lines.append(f'{name} = Asset(name="{name}", uri={uri}, group="lake", extra={extra})')
        else:
            extra = json.dumps({"reader_key": "CANARY-dataset.extra"})
            lines.append(f"{name} = Dataset({uri}, extra={extra})")
    return lines


def _dag_arguments(company: Company, dag: Dag) -> dict[str, str]:
    """Arguments of the DAG as they stand in its file."""
    schedule = dag.schedule
    arguments: dict[str, str] = {
        "dag_id": json.dumps(dag.dag_id),
        "description": repr(dag.description),
        "schedule": f"[{', '.join(schedule)}]" if isinstance(schedule, list) else repr(schedule),
        "start_date": "pendulum.datetime(2025, 1, 1, tz='UTC')",
        "catchup": "False",
        "tags": repr(list(dag.tags)),
        "max_active_runs": str(dag.max_active_runs),
        "max_consecutive_failed_dag_runs": str(dag.pause_after_failures),
        "default_args": repr({"owner": dag.team.owner, "retries": dag.retries}).removesuffix("}")
        + f", 'retry_delay': timedelta(minutes={dag.retry_minutes})}}",
    }
    if dag.team.link:
        arguments["owner_links"] = repr({dag.team.owner: dag.team.link})
    if dag.access:
        arguments["access_control"] = repr(
            {role: {"DAGs": set(actions)} for role, actions in sorted(dag.access.items())}
        )
    if "tier-1" in dag.tags:
        # Something that nobody should write into a DAG, and somebody always does.
        arguments["params"] = repr({"api_token": "CANARY-serialized_dag.data"})
        arguments["doc_md"] = repr("Token of the alerts channel: CANARY-dag_code.source_code")
    if dag.deadline_minutes:
        callback = f'"{OPERATORS_MODULE}.page_on_call", {{"webhook": "CANARY-deadline_alert"}}'
        arguments["deadline"] = (
            "DeadlineAlert(reference=DeadlineReference.DAGRUN_QUEUED_AT, "
            f"interval=timedelta(minutes={dag.deadline_minutes}), "
            f"callback=AsyncCallback({callback})"
        )
        if not company.environment.airflow_version.startswith(("3.0.", "3.1.", "3.2.")):
            words = f"{dag.dag_id} within {dag.deadline_minutes} minutes"
            arguments["deadline"] += f', name="{words}"'
        arguments["deadline"] += ")"
    return arguments


def _task_lines(dag: Dag, task: Task) -> list[str]:
    """The lines that make one task."""
    arguments: dict[str, Any] = {"task_id": json.dumps(task.task_id)}
    if task.pool:
        arguments["pool"] = json.dumps(task.pool)
    if task.slots > 1:
        arguments["pool_slots"] = task.slots
    if task.rule != "all_success":
        arguments["trigger_rule"] = json.dumps(task.rule)
    if task.outlets:
        arguments["outlets"] = f"[{', '.join(task.outlets)}]"
    if task.sla_minutes:
        arguments["sla"] = f"timedelta(minutes={task.sla_minutes})"
    if task.kind == "python":
        settings = _joined({name: arguments[name] for name in arguments if name != "task_id"})
        return [
            f"@task({settings})",
            f"def {task.task_id}():",
            "    return []",
            f"{task.task_id} = {task.task_id}()",
        ]
    if task.kind in COMPANY_OPERATORS:
        operator = COMPANY_OPERATORS[task.kind]
        if task.mapped_over:
            source = task.mapped_over
            if dag.tasks[source].kind != "python":
                source += ".output"
            partial = f"{operator}.partial({_joined(arguments)})"
            return [f"{task.task_id} = {partial}.expand(argument={source})"]
        arguments["argument"] = json.dumps(f"{dag.dag_id}/{task.task_id}/{{{{ ds }}}}")
    else:
        operator, more = _built_in(dag, task)
        arguments |= more
    return [f"{task.task_id} = {operator}({_joined(arguments)})"]


def _built_in(dag: Dag, task: Task) -> tuple[str, dict[str, Any]]:
    """Airflow's own operator for a kind of task, and what it asks for."""
    command = json.dumps(f"/opt/fernwick/bin/{task.task_id} --day {{{{ ds }}}}")
    seconds = task.every_minutes * 60
    subject = json.dumps(f"Publish {dag.dag_id}?")
    operators: dict[str, tuple[str, dict[str, Any]]] = {
        "bash": ("BashOperator", {"bash_command": command}),
        "empty": ("EmptyOperator", {}),
        "branch": ("ShortCircuitOperator", {"python_callable": "bool"}),
        "trigger": ("TriggerDagRunOperator", {"trigger_dag_id": json.dumps(task.target)}),
        "sensor": ("PartitionSensor", {"mode": '"reschedule"', "poke_interval": seconds}),
        "approval": (
            "ApprovalOperator",
            {"subject": subject, "body": '"Please look at the draft."'},
        ),
    }
    return operators[task.kind]


def _joined(arguments: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in arguments.items())
