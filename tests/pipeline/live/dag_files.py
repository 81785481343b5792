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

# Airflow looks only at files with the words "airflow" and "dag" in them.
AT_FIRST = {"nightly.py": _NIGHTLY_FILE, BROKEN_FILE: "from airflow import no_such_dag\n"}
MENDED = "import airflow  # without a dag\n"
