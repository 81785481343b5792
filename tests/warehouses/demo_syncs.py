"""One sync of each of the demo's environments, read once, to be loaded into many warehouses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

TAP = str(Path(sys.executable).with_name("tap-airflow-metadata"))


class Sync:
    """What the tap sent of one environment.

    Attributes:
        slug: The environment.
    """

    def __init__(self, slug: str, database_url: str, folder: Path) -> None:
        """Run the tap.

        Args:
            slug: The environment.
            database_url: Its database.
            folder: For the files.
        """
        folder.mkdir(parents=True)
        self.slug = slug
        config = {
            "database_url": database_url,
            "environment_slug": slug,
            "batch_config": {
                "encoding": {"format": "parquet"},
                "storage": {"root": folder.as_uri()},
            },
        }
        (folder / "config.json").write_text(json.dumps(config))
        done = subprocess.run(
            [TAP, "--config", str(folder / "config.json")],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        self._messages = [json.loads(line) for line in done.stdout.splitlines()]

    def messages(self, folder: Path) -> list[str]:
        """The messages, with files of their own in a folder, because a target deletes them."""
        folder.mkdir(parents=True)
        return [json.dumps(self._relinked(message, folder)) for message in self._messages]

    def _relinked(self, message: dict, folder: Path) -> dict:
        if message["type"] != "BATCH":
            return message
        files = []
        for number, url in enumerate(message["manifest"]):
            file = folder / f"{message['stream']}-{number}.parquet"
            os.link(urlsplit(url).path, file)
            files.append(file.as_uri())
        return message | {"manifest": files}
