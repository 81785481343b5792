"""Print the permissions of every user as Airflow's own user model resolves them, as JSON.

Run by the interpreter of an installed Airflow with FAB, on the database of its settings.
"""

import json

from airflow.providers.fab.auth_manager.models import User  # type: ignore[import-not-found]
from airflow.utils.session import create_session  # type: ignore[import-not-found]

with create_session() as session:
    found = {user.username: sorted(user.perms) for user in session.query(User).all()}
print("permissions:" + json.dumps(found))
