"""Temporary files without a name, which vanish even if the process is killed."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True)
class AnonymousFile:
    """A file that this process and its children can open by a path while this process runs.

    Attributes:
        file: Open for writing; flush it before others read it.
        path: Where they open it.
    """

    file: IO[bytes]
    path: Path


@contextlib.contextmanager
def anonymous_file() -> Iterator[AnonymousFile]:
    """Create one in TMPDIR; it is gone after the block, or with the process."""
    with tempfile.TemporaryFile() as file:
        yield AnonymousFile(file, Path(f"/proc/{os.getpid()}/fd/{file.fileno()}"))
