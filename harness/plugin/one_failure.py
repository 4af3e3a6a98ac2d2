"""One failure for a test whose shards run in several workers: whoever is first tells of it."""

from __future__ import annotations

import os
import shutil
import tempfile
from hashlib import blake2s
from pathlib import Path

from counterpoint.harness.plugin.options import PluginSession


def is_first(session: PluginSession, test: str, broken: str) -> bool:
    """Tell whether no other shard of a test has told in this session that a property is broken."""
    name = blake2s(f"{test}\0{broken}".encode(), digest_size=16).hexdigest()
    folder = _folder(session)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(folder / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return False
    return True


def forget(session: PluginSession) -> None:
    """Remove what shards have told each other."""
    shutil.rmtree(_folder(session), ignore_errors=True)


def _folder(session: PluginSession) -> Path:
    """Return a folder of this session, which all its workers know: they know when it began."""
    began = f"{session.seed:x}-{session.started.hex()}".replace(".", "-")
    return Path(tempfile.gettempdir()) / f"counterpoint-{began}"
