"""DAGs beside Airflow's examples, as they stand in the DAGs folder."""

NIGHTLY = "nightly"
FAILS_ONCE = "load"
BROKEN_FILE = "broken.py"

_NIGHTLY_FILE = f"""
from datetime import datetime, timedelta, timezone

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task


@dag(schedule="@daily", start_date=datetime(2025, 1, 1, tzinfo=timezone.utc), catchup=False)
def {NIGHTLY}():
    @task(retries=1, retry_delay=timedelta(seconds=1))
    def {FAILS_ONCE}(ti=None):
        if ti.try_number == 1:
            raise RuntimeError("always, the first time")

    {FAILS_ONCE}()


{NIGHTLY}()
"""

TYPED, ASKING = "typed", "asking"

# Its author has typed a marker wherever a text goes; see `typed` of `tests.real_airflow`.
_TYPED_FILE = f"""
from datetime import datetime, timezone

try:
    from airflow.sdk import Asset, Param, dag, task
except ImportError:  # Airflow 2
    from airflow.datasets import Dataset as Asset
    from airflow.decorators import dag, task
    from airflow.models.param import Param

asset = Asset(
    "https://example.com/CANARY-asset-name?token=CANARY-asset-query",
    extra={{"a": "CANARY-asset-extra"}},
)


@dag(
    schedule="@daily",
    start_date=datetime(2025, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    description="CANARY-dag-description",
    doc_md="CANARY-dag-doc",
    tags=["CANARY-dag-tag"],
    default_args={{"owner": "CANARY-dag-owner"}},
    params={{"a": Param("CANARY-dag-param", type="string")}},
)
def {TYPED}():
    @task(outlets=[asset], doc_md="CANARY-task-doc")
    def give():
        return "CANARY-task-result"

    @task(map_index_template="{{{{ task.op_kwargs['value'] }}}}")
    def take(value):
        raise RuntimeError("CANARY-task-error")

    take.expand(value=["CANARY-task-map_index", "b"])
    give()


{TYPED}()

try:
    from airflow.providers.standard.operators.hitl import HITLOperator
except ImportError:  # Airflow 2
    pass
else:

    @dag(schedule=None, start_date=datetime(2025, 1, 1, tzinfo=timezone.utc))
    def {ASKING}():
        HITLOperator(
            task_id="ask",
            subject="CANARY-ask-subject",
            body="CANARY-ask-body",
            options=["yes", "no"],
            params={{"a": Param("CANARY-ask-param", type="string")}},
        )

    {ASKING}()
"""

LIVED, FOLLOWS, ASKS = "lived", "follows", "asks"

# Of every kind of row that an upgrade has to bring along.
LIVED_FILE = f"""
from datetime import datetime, timedelta, timezone

try:
    from airflow.sdk import Asset, dag, task
except ImportError:  # Airflow 2
    from airflow.datasets import Dataset as Asset
    from airflow.decorators import dag, task

orders = Asset("s3://shop/orders")
since = {{"start_date": datetime(2025, 1, 1, tzinfo=timezone.utc), "catchup": False}}


@dag(schedule=None, **since)
def {LIVED}():
    @task(outlets=[orders])
    def load(): ...

    @task(retries=1, retry_delay=timedelta(seconds=1))
    def flaky(ti=None):
        if ti.try_number == 1:
            raise RuntimeError("always, the first time")

    @task(retries=1, retry_delay=timedelta(seconds=1))
    def part(number, ti=None):
        if number == ti.try_number == 1:
            raise RuntimeError("one of them, the first time")

    @task(retries=1, retry_delay=timedelta(days=1))
    def waiting():
        raise RuntimeError("and again tomorrow")

    load()
    flaky()
    part.expand(number=[0, 1, 2])
    waiting()


@dag(schedule=[orders], **since)
def {FOLLOWS}():
    @task
    def read(): ...

    read()


{LIVED}()
{FOLLOWS}()

try:
    from airflow.providers.standard.operators.hitl import ApprovalOperator
    from airflow.sdk import AsyncCallback, DeadlineAlert, DeadlineReference
except ImportError:  # Airflow 2
    pass
else:

    async def tell(**context): ...

    missed = DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(seconds=1),
        callback=AsyncCallback(tell),
    )

    @dag(schedule=None, deadline=missed, **since)
    def {ASKS}():
        ApprovalOperator(task_id="approve", subject="Pay?")
        ApprovalOperator(task_id="stays_open", subject="And this?")

    {ASKS}()
"""

# Airflow looks only at files with the words "airflow" and "dag" in them.
AT_FIRST = {
    "nightly.py": _NIGHTLY_FILE,
    "typed.py": _TYPED_FILE,
    BROKEN_FILE: "from airflow import no_such_dag\n",
}
MENDED = "import airflow  # without a dag\n"
