"""Ending processes that do not want to end."""

from __future__ import annotations

import subprocess

import psutil

from tests.real_airflow import processes

STUBBORN = "trap '' TERM; sleep 300 & setsid sleep 300 & echo started; wait"


def test_children_in_sessions_of_their_own_end_too(monkeypatch):
    monkeypatch.setattr(processes, "_SECONDS_TO_END", 0.5)
    command = ["sh", "-c", STUBBORN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as stubborn:
        stubborn.stdout.readline()
        family = [psutil.Process(stubborn.pid), *psutil.Process(stubborn.pid).children()]
        assert len(family) == 3
        processes.end([stubborn])
    assert [process for process in family if is_alive(process)] == []


def is_alive(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
