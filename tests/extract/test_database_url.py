"""Which addresses the tap takes."""

import pytest

from tap_airflow_metadata.database_url import libpq_url, user_in
from tap_airflow_metadata.errors import TapSettingsError


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
        ("postgresql:///?service=audit", "postgresql:///?service=audit"),
        ("postgresql:///airflow?user=a@b", "postgresql:///airflow?user=a@b"),
        ("postgresql://u:p?w@db/x?user=a@b", "postgresql://u:p?w@db/x?user=a@b"),
    ],
)
def test_addresses_that_airflow_users_have_at_hand_are_taken(given, expected):
    assert libpq_url(given) == expected


@pytest.mark.parametrize(
    ("given", "user"),
    [
        ("postgresql://audit%40reader@db.example.com:5432/airflow", "audit@reader"),
        ("postgresql+psycopg2://reader:p%40ss@db/airflow?sslmode=require", "reader"),
        ("postgresql://db.example.com:5432/airflow?application_name=a@b", None),
        ("postgresql:///airflow?host=/run/postgresql", None),
        ("host=db user=reader password='user=other'", "reader"),
        (r"user = 'it\'s me' host=db", "it's me"),
        ("host=db dbname=airflow", None),
        ("airflow-db-not-allowed:///", None),
        ("", None),
    ],
)
def test_the_user_that_an_address_names(given, user):
    assert user_in(given) == user


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "TAP_AIRFLOW_METADATA_DATABASE_URL"),
        ("airflow-db-not-allowed:///", "read-only login of its own"),
        ("mysql+mysqldb://u:sesame@db/airflow", "a mysql address"),
        ("sqlite:////home/airflow/airflow.db", "a sqlite address"),
        ("db.example.com:sesame", "no database address"),
        ("postgresql://u:p@sesame@db/airflow", "more than one @"),
        ("postgresql+psycopg2://u:sesame/word@db/airflow", "one after a /"),
    ],
)
def test_other_addresses_are_refused_without_repeating_them(given, said):
    with pytest.raises(TapSettingsError, match=said) as error:
        libpq_url(given)
    assert "sesame" not in str(error.value)
