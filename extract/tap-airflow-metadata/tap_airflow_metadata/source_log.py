"""What the log says of the database before a row is read."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection

from tap_airflow_metadata.catalogue import load_catalogue
from tap_airflow_metadata.read_transaction import SourceIdentity
from tap_airflow_metadata.settings import Settings

logger = logging.getLogger("tap-airflow-metadata")

# Tables in Airflow's schema that are not Airflow's: leftovers of its clean-ups and upgrades,
# Celery's results, and the mark of a restored copy.
_NOT_AIRFLOWS = re.compile(
    r"^(_airflow_(deleted|moved)__|_xcom_archive$|celery_task|airflow_snapshot_origin$)"
)


def log_source(identity: SourceIdentity, found: Collection[str], settings: Settings) -> None:
    """Log which Airflow it is, as of when, and what is not read of it.

    Args:
        identity: The database's description of itself.
        found: Its tables.
        settings: What to read.
    """
    if identity.airflow_version is None:
        logger.warning(
            "Unknown schema revision %s: a newer or patched Airflow than 3.4. Going on with the"
            " tables and columns that are known; what is new in it is not read",
            identity.revision,
        )
    logger.info(
        "Environment %s as of %s: schema of Airflow %s (revision %s) on PostgreSQL %s",
        settings.environment_slug,
        identity.extracted_at.isoformat(),
        identity.airflow_version or "an unknown version",
        identity.revision,
        identity.postgres_version,
    )
    _log_freshness(identity)
    catalogue = load_catalogue()
    unknown = [name for name in found if name not in catalogue and not _NOT_AIRFLOWS.match(name)]
    readable = {name for name, table in catalogue.items() if table.read != "never"}
    if unknown and readable <= {table.name for table in settings.tables}:
        logger.warning("Tables that are not in the catalogue, not read: %s", ", ".join(unknown))


def _log_freshness(identity: SourceIdentity) -> None:
    if identity.replay_lag_seconds is not None:
        logger.info(
            "The server is a standby: the last transaction that it replayed was committed %.0f"
            " seconds ago",
            identity.replay_lag_seconds,
        )
    transactions = identity.transactions
    if transactions.oldest_began_at:
        logger.info(
            "A transaction is open since %s: the next sync reads again what changed since then",
            transactions.oldest_began_at.isoformat(),
        )
    elif transactions.seen == "writing" and transactions.oldest_id:
        logger.info(
            "A transaction is open that has written, and this login cannot see since when: the"
            " next sync reads further back"
        )
