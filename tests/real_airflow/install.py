"""Install exact versions of real Airflow and let them make their own metadata tables."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
INSTALLATIONS = REPOSITORY / ".airflow"

FAB_AUTH_MANAGER = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"


class PythonNotFoundError(Exception):
    """No Python that an Airflow version runs on is on this machine."""


class AirflowCommandError(Exception):
    """A command of an installed Airflow, or its installation, failed."""


@dataclass(frozen=True)
class Recipe:
    """What it takes to install one Airflow version as its users did at the time.

    Attributes:
        pythons: Minor versions of Python that it runs on, such as `"3.8"`; the first one found on
            this machine is used.
        exclude_newer: Date (ISO) a few weeks after the release. Later uploads are ignored, because
            Airflow leaves the upper bounds of its dependencies open.
        migrate_command: The `airflow` command that brings an empty database to this version.
        extra_packages: Packages that the version needs beside Airflow and psycopg2.
        auth_manager: Class path for `core.auth_manager`; None where FAB is the only choice.
    """

    pythons: tuple[str, ...]
    exclude_newer: str
    migrate_command: tuple[str, ...] = ("db", "migrate")
    extra_packages: tuple[str, ...] = ()
    auth_manager: str | None = None

    def packages(self, version: str) -> list[str]:
        """The requirements to install for `version`."""
        return [f"apache-airflow=={version}", "psycopg2-binary", *self.extra_packages]


def _airflow_3(exclude_newer: str, *newer_pythons: str) -> Recipe:
    """A recipe with the FAB provider, whose tables Airflow 3 no longer makes by itself."""
    return Recipe(
        pythons=("3.12", "3.11", "3.10", *newer_pythons),
        exclude_newer=exclude_newer,
        extra_packages=("apache-airflow-providers-fab", "asyncpg"),
        auth_manager=FAB_AUTH_MANAGER,
    )


RECIPES: dict[str, Recipe] = {
    "2.4.3": Recipe(("3.8",), "2022-12-05", migrate_command=("db", "upgrade")),
    "2.6.3": Recipe(("3.9",), "2023-07-31", migrate_command=("db", "upgrade")),
    "2.7.3": Recipe(("3.10",), "2023-11-20"),
    "2.8.4": Recipe(("3.10",), "2024-04-05"),
    "2.9.3": Recipe(("3.11",), "2024-08-05"),
    "2.10.5": Recipe(("3.11",), "2025-02-25"),
    "2.11.0": Recipe(("3.11", "3.12", "3.10"), "2025-06-10"),
    "3.0.6": _airflow_3("2025-09-15"),
    "3.1.5": _airflow_3("2026-01-05"),
    "3.2.0": _airflow_3("2026-05-01", "3.13"),
    "3.3.2": _airflow_3("2026-10-20", "3.13"),
    "3.4.0b2": _airflow_3("2026-11-20", "3.13"),
}


def find_python(version: str) -> Path:
    """Find an interpreter that Airflow `version` runs on, without downloading one.

    Raises:
        PythonNotFoundError: There is none that this process, uv or pyenv knows.
    """
    pythons = RECIPES[version].pythons
    for minor in pythons:
        found = _interpreter(minor)
        if found:
            return found
    msg = (
        f"Airflow {version} needs Python {' or '.join(pythons)}, which was not found: "
        "install it, or put it on PATH"
    )
    raise PythonNotFoundError(msg)


def has_python(version: str) -> bool:
    """Tell whether a Python that Airflow `version` runs on is on this machine."""
    try:
        find_python(version)
    except PythonNotFoundError:
        return False
    return True


def install(version: str) -> Path:
    """Install Airflow `version` once, in `.airflow/<version>/` of the repository.

    Args:
        version: One of `RECIPES`.

    Returns:
        The virtual environment.

    Raises:
        PythonNotFoundError: No Python it runs on is on this machine.
        AirflowCommandError: uv could not install it.
    """
    recipe = RECIPES[version]
    environment = INSTALLATIONS / version
    # Written last, so that an interrupted or outdated installation is made again.
    receipt = environment / "installed.txt"
    wanted = "\n".join([recipe.exclude_newer, *recipe.packages(version)])
    with _alone_with(environment):
        if receipt.exists() and receipt.read_text() == wanted:
            return environment
        python = find_python(version)
        shutil.rmtree(environment, ignore_errors=True)
        run_command([_uv(), "venv", "--python", str(python), str(environment)])
        run_command(
            [
                *(_uv(), "pip", "install", "--python", str(environment / "bin" / "python")),
                *("--exclude-newer", recipe.exclude_newer),
                *recipe.packages(version),
            ]
        )
        receipt.write_text(wanted)
    return environment


def install_sources(name: str, version: str, packages: Iterable[str]) -> Path:
    """Unpack packages once, in `.airflow/<name>/`, without what they need to run: to be read.

    Args:
        name: Folder below `.airflow`.
        version: One of `RECIPES`; the packages are those of its time.
        packages: Requirements.

    Returns:
        The folder.

    Raises:
        AirflowCommandError: uv could not get them.
    """
    folder = INSTALLATIONS / name
    exclude_newer = RECIPES[version].exclude_newer
    receipt = folder / "installed.txt"
    wanted = "\n".join([exclude_newer, *packages])
    with _alone_with(folder):
        if receipt.exists() and receipt.read_text() == wanted:
            return folder
        shutil.rmtree(folder, ignore_errors=True)
        run_command(
            [
                *(_uv(), "pip", "install", "--no-deps", "--target", str(folder)),
                *("--exclude-newer", exclude_newer),
                *packages,
            ]
        )
        receipt.write_text(wanted)
    return folder


@contextmanager
def _alone_with(folder: Path) -> Iterator[None]:
    """Let other processes that would make the same folder wait."""
    INSTALLATIONS.mkdir(exist_ok=True)
    with (INSTALLATIONS / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def airflow_environ(version: str, database_url: str, home: Path) -> dict[str, str]:
    """Environment variables to run commands of Airflow `version` with.

    Args:
        version: One of `RECIPES`.
        database_url: `postgresql://` URL of the metadata database.
        home: Folder to use as AIRFLOW_HOME.

    Returns:
        This process's variables without its own Airflow settings, and those of the version.
    """
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    environ |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        # Named, because SQLAlchemy's own choice of driver differs from one version to the next.
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database_url.replace(
            "postgresql://", "postgresql+psycopg2://", 1
        ),
    }
    auth_manager = RECIPES[version].auth_manager
    if auth_manager:
        environ["AIRFLOW__CORE__AUTH_MANAGER"] = auth_manager
    return environ


def migrate(version: str, database_url: str) -> None:
    """Make the metadata tables of Airflow `version` in an empty Postgres database.

    Args:
        version: One of `RECIPES`.
        database_url: `postgresql://` URL of the database.

    Raises:
        PythonNotFoundError: No Python it runs on is on this machine.
        AirflowCommandError: Airflow could not be installed, or its migration failed.
    """
    airflow = install(version) / "bin" / "airflow"
    with tempfile.TemporaryDirectory(prefix="airflow-home-") as home:
        run_command(
            [str(airflow), *RECIPES[version].migrate_command],
            environ=airflow_environ(version, database_url, Path(home)),
        )


def _interpreter(minor: str) -> Path | None:
    if minor == f"{sys.version_info.major}.{sys.version_info.minor}":
        return Path(sys.executable)
    found = subprocess.run(
        [_uv(), "python", "find", "--system", "--no-python-downloads", minor],
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode == 0:
        return Path(found.stdout.strip())
    # On PATH, pyenv has shims only, and those work just for the version that is active.
    pyenv_root = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    return next(pyenv_root.glob(f"versions/{minor}.*/bin/python"), None)


def _uv() -> str:
    return os.environ.get("UV", str(REPOSITORY / ".tools" / "bin" / "uv"))


def run_command(
    command: list[str],
    environ: dict[str, str] | None = None,
    typed: str | None = None,
    folder: Path | None = None,
) -> str:
    """Run a command to its end, and give what it printed.

    Args:
        command: Program and arguments.
        environ: Environment variables; None for those of this process.
        typed: What to answer where the command asks for a password.
        folder: Where to run it; None for this process's own.

    Raises:
        AirflowCommandError: It failed; the message has the end of what it printed.
    """
    done = subprocess.run(
        command,
        env=environ,
        cwd=folder,
        input=typed,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        # Passwords are asked for on the terminal, if the process has one.
        start_new_session=typed is not None,
    )
    if done.returncode != 0:
        msg = f"{' '.join(command)} failed with exit code {done.returncode}:\n{done.stdout[-4000:]}"
        raise AirflowCommandError(msg)
    return done.stdout
