"""Which addresses the tap takes."""

import pytest

from tap_airflow_metadata.database_url import libpq_url
from tap_airflow_metadata.errors import SettingsError


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("postgresql://u:p%40ss@db:5432/airflow", "postgresql://u:p%40ss@db:5432/airflow"),
        (
            "postgres://u@db/airflow?sslmode=verify-full",
            "postgresql://u@db/airflow?sslmode=verify-full",
        ),
        ("postgresql+psycopg2://u@/airflow?host=/run/pg", "postgresql://u@/airflow?host=/run/pg"),
        ("postgresql+asyncpg://u@db/airflow", "postgresql://u@db/airflow"),
        (" POSTGRESQL://db/airflow\n", "postgresql://db/airflow"),
        ("host=db dbname=airflow user=u", "host=db dbname=airflow user=u"),
    ],
)
def test_addresses_that_airflow_users_have_at_hand_are_taken(given, expected):
    assert libpq_url(given) == expected


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "TAP_AIRFLOW_METADATA_DATABASE_URL"),
        ("airflow-db-not-allowed:///", "read-only login of its own"),
        ("mysql+mysqldb://u:sesame@db/airflow", "a mysql address"),
        ("sqlite:////home/airflow/airflow.db", "a sqlite address"),
        ("db.example.com:sesame", "no database address"),
    ],
)
def test_other_addresses_are_refused_without_repeating_them(given, said):
    with pytest.raises(SettingsError, match=said) as error:
        libpq_url(given)
    assert "sesame" not in str(error.value)
