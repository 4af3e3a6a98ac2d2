"""Which worker of pytest-xdist gets what, where the tests of a file are to stay together."""

from __future__ import annotations

from typing import Any


def scheduling(config: Any, log: Any) -> Any:
    """Return xdist's scheduling by files, but that each shard of a test goes its own way."""
    from xdist.scheduler import LoadFileScheduling

    class ShardScheduling(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
        """Shards are the parts of one search: apart they are of use, together they are not."""

        def _split_scope(self, nodeid: str) -> str:
            return scope_of(nodeid, super()._split_scope(nodeid))

    return ShardScheduling(config, log)


def scope_of(test: str, file: str) -> str:
    """Return what stays with one worker: a shard by itself, any other test with its file.

    >>> scope_of("test_a.py::test_x[shard-1-of-2]", "test_a.py"), scope_of("test_a.py::y", "test_a.py")
    ('test_a.py::test_x[shard-1-of-2]', 'test_a.py')
    """
    return test if "[shard-" in test else file
