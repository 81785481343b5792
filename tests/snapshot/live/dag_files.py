"""DAGs whose tasks stay in every state that is not final, and some that end."""

BUSY, BACKFILLED, CONSUMER, PRODUCERS = "busy", "backfilled", "consumer", ("makes_a", "makes_b")
# Task of `BUSY` to the state that it stays in.
STAYS = {
    "runs": "running",
    "defers": "deferred",
    "fails": "up_for_retry",
    "waits": "up_for_reschedule",
    "has_no_slot": "scheduled",
    "comes_after": None,
}
NO_SLOTS = "no_slots"

_BUSY_FILE = f"""
import time
from datetime import datetime, timedelta, timezone

try:
    from airflow.providers.standard.triggers.temporal import DateTimeTrigger
    from airflow.sdk import DAG, BaseOperator, BaseSensorOperator, task
except ImportError:  # Airflow 2
    from airflow.decorators import task
    from airflow.models import DAG, BaseOperator
    from airflow.sensors.base import BaseSensorOperator
    from airflow.triggers.temporal import DateTimeTrigger
try:
    from airflow.sdk import AsyncCallback, DeadlineAlert, DeadlineReference
except ImportError:  # before 3.1
    deadline = {{}}
else:
    deadline = {{
        "deadline": DeadlineAlert(
            reference=DeadlineReference.DAGRUN_QUEUED_AT,
            interval=timedelta(hours=1),
            callback=AsyncCallback("asyncio.sleep", kwargs={{"delay": 1}}),
        )
    }}


class Defers(BaseOperator):
    def execute(self, context):
        moment = datetime.now(timezone.utc) + timedelta(seconds=120)
        self.defer(trigger=DateTimeTrigger(moment=moment), method_name="resume")

    def resume(self, context, event=None):
        return "resumed"


class Waits(BaseSensorOperator):
    def poke(self, context):
        return False


with DAG("{BUSY}", schedule=None, start_date=datetime(2025, 1, 1), **deadline):
    @task
    def runs():
        time.sleep(900)

    @task(retries=5, retry_delay=timedelta(seconds=60))
    def fails():
        raise RuntimeError("always")

    @task(pool="{NO_SLOTS}")
    def has_no_slot():
        pass

    @task
    def comes_after():
        pass

    runs() >> comes_after()
    fails()
    has_no_slot()
    Defers(task_id="defers")
    Waits(task_id="waits", mode="reschedule", poke_interval=60)

with DAG("{BACKFILLED}", schedule="@daily", start_date=datetime(2025, 1, 1), catchup=False):
    @task
    def sleeps():
        time.sleep(900)

    sleeps()
"""

_ASSETS_FILE = f"""
from datetime import datetime

try:
    from airflow.sdk import DAG, Asset, task
except ImportError:  # Airflow 2
    from airflow.datasets import Dataset as Asset
    from airflow.decorators import task
    from airflow.models import DAG

a, b = Asset("file:///a"), Asset("file:///b")

for dag_id, asset in (("{PRODUCERS[0]}", a), ("{PRODUCERS[1]}", b)):
    with DAG(dag_id, schedule=None, start_date=datetime(2025, 1, 1)):
        @task(outlets=[asset])
        def makes():
            pass

        makes()

with DAG("{CONSUMER}", schedule=[a, b], start_date=datetime(2025, 1, 1)):
    @task
    def consumes():
        pass

    consumes()
"""

FILES = {"busy.py": _BUSY_FILE, "assets.py": _ASSETS_FILE}

LOOPING, DRAINING = "looping", "draining"
# In the environment of an Airflow whose tasks stay in the middle of a loop.
STAYING = "STAYING"
SECRET = "canary-51be"

_LOOPING_FILE = f"""
import os
import time
from datetime import datetime, timedelta

from airflow.sdk import DAG, task, task_group


def stay():
    if "{STAYING}" in os.environ:
        time.sleep(900)


with DAG("{LOOPING}", schedule=None, start_date=datetime(2025, 1, 1)):
    @task_group
    def passes():
        @task
        def numbers(*, loop):
            return [1, 2] if loop.index == 0 else [number + 1 for number in loop.previous]

        @task
        def works(number, *, loop, ti):
            if (loop.index, ti.map_index) == (1, 1):
                stay()
            return number

        works.expand(number=numbers())

    @task
    def comes_after(secret):
        return secret

    @task(retries=5, retry_delay=timedelta(minutes=10))
    def fails(secret):
        if "{STAYING}" in os.environ:
            raise RuntimeError(secret)

    @task
    def is_mapped(number):
        if number == 2:
            stay()

    @task
    def gives():
        return "{SECRET}"

    passes.loop(max_iterations=3) >> comes_after(gives())
    fails("{SECRET}")
    is_mapped.expand(number=[1, 2])

with DAG("{DRAINING}", schedule=None, start_date=datetime(2025, 1, 1)):
    @task
    def stays():
        stay()

    stays()
"""

LOOPING_FILES = {"looping.py": _LOOPING_FILE}
