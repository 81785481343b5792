"""Airflow releases by their schema revision, which tells whose a database is."""

from __future__ import annotations

# Head revision of each release whose schema differs from the previous one's, oldest first: from
# airflow.utils.db._REVISION_HEADS_MAP, and as the migrations leave it.
REVISIONS = {
    "ecb43d2a1842": "2.4.0",
    "b0d31815b5a6": "2.4.2",
    "e07f49787c9d": "2.4.3",
    "290244fb8b83": "2.5.0",
    "98ae134e6fff": "2.6.0",
    "c804e5c76e3e": "2.6.2",
    "405de8318b3a": "2.7.0",
    "10b52ebd31f7": "2.8.0",
    "88344c1d9134": "2.8.1",
    "1949afb29106": "2.9.0",
    "686269002441": "2.9.2",
    "22ed7efa9da2": "2.10.0",
    "5f2621c13b39": "2.10.3",
    "29ce7909c52b": "3.0.0",
    "fe199e1abd77": "3.0.3",
    "cc92b33c6709": "3.1.0",
    "509b94a1042d": "3.1.8",
    "1d6611b6ab7c": "3.2.0",
    "d2f4e1b3c5a7": "3.3.0",
    "9cffe90fa0c0": "3.4.0",  # of its beta 2
    "b4f1a7d2c903": "3.4.0",
}

# Revisions of unsupported releases, to name them in the error.
OLDER_REVISIONS = {
    "e959f08ac86c": "2.0.0",
    "a13f7613ad25": "2.1.0",
    "7b2661a43ba3": "2.2.0",
    "587bdf053233": "2.2.4",
    "b1b348e02d07": "2.3.0",
}


def airflow_version(revision: str | None) -> str | None:
    """Return the first Airflow release with this schema revision, None if unknown."""
    return REVISIONS.get(revision or "")
