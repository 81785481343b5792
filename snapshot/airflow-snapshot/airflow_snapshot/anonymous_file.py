"""Temporary files without a name, of which a killed process leaves nothing behind."""

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
    """A file that this process and those it starts can open, as long as it lives.

    Attributes:
        file: To be written, and flushed before others read it.
        path: Where they find it.
    """

    file: IO[bytes]
    path: Path


@contextlib.contextmanager
def anonymous_file() -> Iterator[AnonymousFile]:
    """Make one among the temporary files (TMPDIR); it is gone with the block, or the process."""
    with tempfile.TemporaryFile() as file:
        yield AnonymousFile(file, Path(f"/proc/{os.getpid()}/fd/{file.fileno()}"))
