"""Watching logs: a part of a history is judged with all its causes, and judging holds nobody up."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from counterpoint.harness.live.judging import scenario_of
from counterpoint.harness.live.live_history import LogReader, classes_of
from counterpoint.harness.live.watch import FIRST_LINES, LiveWatch, WatchedVerdicts
from counterpoint.impl.register.vocabulary import REGISTER
from tests.real.test_live import cluster


class Writer:
    """A log that a test writes."""

    def __init__(self, path: Path) -> None:
        self.path, self.count = path, 0

    def line(self, at: int, ev: str, body: object) -> None:
        self.count += 1
        form = {"node": self.path.stem, "n": self.count, "ev": ev, "t": at, "body": body}
        with self.path.open("a") as file:
            file.write(json.dumps(form, separators=(",", ":")) + "\n")

    def call(self, at: int, operation: object, result: object) -> None:
        self.line(at, "invoke", operation)
        self.line(at + 1, "return", result)


READ = {"is": "Read", "token": 1, "at": "s2"}
WRITE = {"is": "Write", "token": 1, "name": "v1", "low": 0, "mid": 2, "high": 4, "at": "s1"}


def watch(folder: Path) -> tuple[LiveWatch, Writer, Writer]:
    classes = classes_of(REGISTER)
    readers = [LogReader(folder / f"{name}.jsonl", classes) for name in ("c1", "c2")]
    one, two = (Writer(reader.path) for reader in readers)
    return LiveWatch(scenario_of(cluster()), readers), one, two


@pytest.mark.slow
def test_a_history_is_judged_when_it_has_grown_and_once_more_at_the_end(
    tmp_path: Path, until: Callable[[Callable[[], object]], None]
) -> None:
    watching, one, two = watch(tmp_path)
    assert watching.look() is None
    for at in range(0, FIRST_LINES * 2, 2):
        one.call(at, READ, None)
    found: list[WatchedVerdicts] = []

    def looked() -> bool:
        found.extend(filter(None, [watching.look()]))
        return bool(found)

    until(looked)
    assert not found[0].is_broken
    assert found[0].answered == FIRST_LINES
    two.call(
        10_000, READ, {"is": "Written", "name": "v9", "low": 0, "mid": 2, "high": 4, "partial": 1}
    )
    history, verdicts = watching.finish()
    assert len(history.completed) == FIRST_LINES + 1
    assert any(verdict.is_broken for verdict in verdicts)


def test_what_was_told_after_the_first_reading_is_left_for_later(tmp_path: Path) -> None:
    watching, one, two = watch(tmp_path)
    two.call(5, READ, None)
    read = watching._read

    def reading() -> None:
        read()
        if one.count == 0:
            one.line(1, "invoke", WRITE)  # its effect may be in what was just read
            one.line(9, "return", 7)

    watching._read = reading  # type: ignore[method-assign]
    assert sorted(line.at for line in watching._read_so_far()) == [1, 5, 6]
    watching.finish()
