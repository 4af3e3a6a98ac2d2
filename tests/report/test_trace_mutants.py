"""Trace files from elsewhere, changed in every way: each ends in a reason, and none is believed.

500 mutants in the default suite, 20,000 more in the nightly one.
"""

from __future__ import annotations

import traceback
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from counterpoint.harness.catalog import build
from counterpoint.harness.cli import main
from counterpoint.model.search.replay import judge, run
from counterpoint.model.trace import Trace
from counterpoint.model.tracefile import BadTraceFile, parse_trace, read_trace, trace_lines
from tests.support import failures
from tests.support.nights import by_day
from tests.support.runs import failing_trace
from tests.support.trace_mutants import Mutant, mutants, sealed

ROOT = Path(__file__).parents[2]
CONFIGURATION = "- {token: 8, writer: 'h:1', readers: ['h:2', 'i:3', 'h:4']}\n"
HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
ERROR_MAX = 900
COMMANDS = (
    ("replay",),
    ("replay", "--json"),
    ("replay", "--step", "2"),
    ("show", "--seconds", "0"),
    ("show", "-q"),
    ("export", "--to", "edn", "--stdout"),
    ("export", "--to", "python", "--stdout"),
    ("export", "--to", "mermaid", "--stdout"),
    ("upgrade", "--out", "OUT"),
    ("view", "--seconds", "0", "--out", "OUT"),
)


def texts(tmp_path: Path) -> Iterator[list[str]]:
    """Return the lines of traces of every origin: catalog, embedded file, a factory of one's own."""
    config = tmp_path / "access.yaml"
    config.write_text(CONFIGURATION)
    settings = {"config": str(config)}
    yield lines_of(failing_trace(build("register", mutant="B1")))
    yield lines_of(failing_trace(build("register", mutant="B3", settings=settings)))
    gossip = build("tests.support.gossip:gossip")
    yield lines_of(run(gossip, failures.GOSSIP))
    yield (ROOT / "tests/traces/token_manager-A9.trace.jsonl").read_text().splitlines()
    yield (ROOT / "tests/traces/format-1.0.trace.jsonl").read_text().splitlines()


def lines_of(trace: Trace) -> list[str]:
    return list(trace_lines(trace, judge(trace), about={"shrunk": {"from": 60, "to": 17}}))


def survive(folder: Path, count: int, seed: int) -> Counter[int]:
    """Give so many mutants to the commands, and count how each ended."""
    ends: Counter[int] = Counter()
    kinds = list(texts(folder))
    for number, lines in enumerate(kinds):
        share = count // len(kinds) + (number < count % len(kinds))
        for index, mutant in enumerate(mutants(lines, share, seed)):
            command = COMMANDS[index % len(COMMANDS)]
            result = _given(mutant, command, folder)
            _judge(mutant, command, result, folder)
            ends[result.exit_code] += 1
    return ends


def _given(mutant: Mutant, command: tuple[str, ...], folder: Path) -> Result:
    file, out = folder / "mutant.trace.jsonl", folder / "out"
    file.write_bytes(mutant.content)
    out.unlink(missing_ok=True)
    name, *options = (str(out) if word == "OUT" else word for word in command)
    return CliRunner().invoke(main, [name, str(file), *options])


def _judge(mutant: Mutant, command: tuple[str, ...], result: Result, folder: Path) -> None:
    shown = (command, mutant.content, result.output)
    if result.exc_info is not None and not isinstance(result.exception, SystemExit | None):
        raise AssertionError(shown + tuple(traceback.format_exception(result.exception)))
    assert result.exit_code in (0, 1, 2, 3), shown
    if not mutant.is_sealed:
        assert result.exit_code == 2, shown
    assert len(result.stderr) <= ERROR_MAX, shown
    _assert_inert(result.output, shown)
    if (folder / "out").exists():
        assert result.exit_code == 0, shown
        written = (folder / "out").read_text(encoding="utf-8")
        _assert_inert(written, shown)
        if command[0] == "upgrade":
            read_trace(folder / "out")


def _assert_inert(text: str, shown: object) -> None:
    found = {c for c in set(text) if unicodedata.category(c) in HIDDEN and c != "\n"}
    assert not found, (found, shown)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder for files; factories of the tests may be named by traces."""
    monkeypatch.chdir(ROOT)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("count", by_day(150, 500))
def test_mutated_trace_files_end_in_a_reason(here: Path, count: int) -> None:
    ends = survive(here, count, seed=2)
    assert set(ends) >= {0, 2, 3}


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(2, 6))
def test_twenty_thousand_mutated_trace_files_end_in_a_reason(here: Path, seed: int) -> None:
    assert sum(survive(here, 5_000, seed=seed).values()) == 5_000


@pytest.mark.slow
@pytest.mark.parametrize("step", by_day(4, 1))
def test_every_byte_of_a_trace_is_sealed(step: int) -> None:
    """By day each fourth one is tried."""
    lines = lines_of(run(build("tests.support.gossip:gossip"), failures.GOSSIP))
    content = "".join(line + "\n" for line in lines).encode()
    assert sealed(lines) == lines, "the mutators must know how to seal"
    parse_trace(content, "whole")
    for at in range(0, len(content), step):
        for changed in (content[:at] + content[at + 1 :], content[:at] + b" " + content[at:]):
            with pytest.raises(BadTraceFile):
                parse_trace(changed, "changed")
