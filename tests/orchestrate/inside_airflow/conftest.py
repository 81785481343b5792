"""What tests of the operators share."""

import pytest
from airflow_audit.hooks.meltano import MeltanoHook, MeltanoLog


@pytest.fixture
def calls(monkeypatch):
    """What is asked of Meltano, which does nothing."""
    made = []

    def run(_, arguments, *, environment, secrets=()):
        made.append((list(arguments), dict(environment), list(secrets)))
        return MeltanoLog()

    monkeypatch.setattr(MeltanoHook, "run", run)
    monkeypatch.setattr(MeltanoHook, "require_plugin", lambda *_: None)
    return made
