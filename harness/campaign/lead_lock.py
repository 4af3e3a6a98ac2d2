"""One campaign at a time in a folder: two leads would give each other's work out once more.

The lock is one of SQLite, on a file of its own, which ends with its process however that ends.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

FILE = "lead.lock"


@contextmanager
def led_alone(folder: Path) -> Iterator[None]:
    """Keep others from leading a campaign in this folder until the end of `with`.

    Raises:
        ValueError: somebody does already, or the folder is closed to us.
    """
    try:
        database = sqlite3.connect(folder / FILE, timeout=0, isolation_level=None)
    except sqlite3.Error as error:
        raise ValueError(f"{folder / FILE}: {error}") from None
    with closing(database):
        try:
            database.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            if "locked" not in str(error):
                raise ValueError(f"{folder / FILE}: {error}") from None
            raise ValueError(
                f"a campaign is being led in {folder} already; counterpoint campaign status {folder} "
                "tells how far it is, and another folder holds another one"
            ) from None
        yield
