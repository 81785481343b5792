"""Encryption of archives with age: who takes a snapshot needs public keys only."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TypeAlias

import pyrage

from airflow_snapshot.errors import DamagedSnapshotError, SnapshotSettingsError

Recipient: TypeAlias = pyrage.x25519.Recipient | pyrage.ssh.Recipient
Identity: TypeAlias = pyrage.x25519.Identity | pyrage.ssh.Identity

SUFFIX = ".age"


def parse_recipients(keys: Sequence[str]) -> list[Recipient]:
    """Return public keys to encrypt to.

    Args:
        keys: `age1…`, or `ssh-ed25519 …` and `ssh-rsa …` as in an `.pub` file.

    Raises:
        SnapshotSettingsError: One is no such key.
    """
    recipients: list[Recipient] = []
    for key in keys:
        kind = pyrage.ssh if key.startswith("ssh-") else pyrage.x25519
        try:
            recipients.append(kind.Recipient.from_str(key.strip()))
        except pyrage.RecipientError as error:
            msg = f"--encrypt-to takes a public key of age (age1…) or SSH (ssh-ed25519 …): {error}"
            raise SnapshotSettingsError(msg) from None
    return recipients


def read_identities(file: Path | None) -> list[Identity]:
    """Return the private keys in a file, of age or one of SSH; none if no file is named.

    Raises:
        SnapshotSettingsError: It cannot be read or holds no key.
    """
    if file is None:
        return []
    try:
        content = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"The identity file {file} cannot be read: {error}"
        raise SnapshotSettingsError(msg) from None
    try:
        if "PRIVATE KEY-----" in content:
            return [pyrage.ssh.Identity.from_buffer(content.encode())]
        lines = [line.strip() for line in content.splitlines()]
        keys = [line for line in lines if line and not line.startswith("#")]
        identities: list[Identity] = [pyrage.x25519.Identity.from_str(key) for key in keys]
    except pyrage.IdentityError:
        identities = []
    if not identities:
        msg = f"The identity file {file} holds no private key of age or SSH without a passphrase"
        raise SnapshotSettingsError(msg)
    return identities


def copy_encrypted(source: IO[bytes], target: IO[bytes], recipients: Sequence[Recipient]) -> None:
    """Copy all bytes in blocks, encrypted if there are recipients."""
    if recipients:
        pyrage.encrypt_io(source, target, list(recipients))
    else:
        shutil.copyfileobj(source, target, 1024 * 1024)


def copy_decrypted(source: IO[bytes], target: IO[bytes], identities: Sequence[Identity]) -> None:
    """Copy all bytes of an encrypted archive, decrypted.

    Raises:
        SnapshotSettingsError: None of the keys opens it.
        DamagedSnapshotError: It is truncated or was changed.
    """
    if not identities:
        msg = "The archive is encrypted. Name the file with the private key: --identity FILE"
        raise SnapshotSettingsError(msg)
    try:
        pyrage.decrypt_io(source, target, list(identities))
    except pyrage.DecryptError as error:
        if "No matching keys" in str(error):
            msg = "The archive is encrypted to other keys than those of the identity file"
            raise SnapshotSettingsError(msg) from None
        msg = f"The archive cannot be decrypted, it is damaged: {error}"
        raise DamagedSnapshotError(msg) from None
    except OSError as error:
        if error.errno is not None:
            raise
        # The library's error for a block that is truncated or was changed.
        msg = f"The archive cannot be decrypted, it is damaged: {error}"
        raise DamagedSnapshotError(msg) from None
