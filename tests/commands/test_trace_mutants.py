"""Mutants of traces, sealed again by who made them: shown, replayed and exported, or refused."""

from __future__ import annotations

import json
import traceback
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner

from counterpoint.harness.cli import main
from counterpoint.harness.deadline import deadline
from tests.commands.trace_mutants import mutant, sealed

TRACES = sorted((Path(__file__).parents[1] / "traces").glob("*.jsonl"))
COMMANDS = (
    ("show", "--seconds", "0"),
    ("replay",),
    ("replay", "--json"),
    ("export", "--to", "mermaid"),
    ("view", "--seconds", "0", "--out", "page.html"),
)
SECONDS_MAX = 30.0
"""By the clock on the wall, on a machine that does other things as well."""
MUTANTS = 20_500
LINE_MAX = 2_500
ERROR_MAX = 1_500


def try_mutants(count: int, *, seed: int) -> Counter[str]:
    """Give mutants to commands; count the outcomes."""
    random, seen = Random(seed), Counter[str]()
    wholes = [path.read_bytes() for path in TRACES]
    file = Path("mutant.trace.jsonl")
    for _ in range(count):
        whole = random.choice(wholes)
        changed, is_sealed = mutant(whole, random)
        command, *options = random.choice(COMMANDS)
        file.write_bytes(changed)
        with deadline(SECONDS_MAX):
            result = CliRunner().invoke(main, [command, str(file), *options])
        is_refused = result.exit_code == 2
        error = result.exception
        assert error is None or isinstance(error, SystemExit), (
            command, changed, "".join(traceback.format_exception(error)))  # fmt: skip
        assert result.exit_code in (0, 1, 2, 3), (command, changed, result.output)
        if not is_sealed and changed != whole:
            assert is_refused, (command, changed, result.output)
        for line in result.output.splitlines():
            assert line.isprintable(), (command, changed, line)
            # Results in JSON are one line, however much is in them.
            assert len(line) < LINE_MAX or "--json" in options, (command, changed, line)
        assert len(result.stderr) < ERROR_MAX, (command, changed, result.stderr)
        seen["refused" if is_refused else f"{command}: {result.exit_code}"] += 1
    return seen


@pytest.mark.slow
def test_mutants_of_traces_are_read_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    seen = try_mutants(60, seed=1)
    assert seen.total() == 60
    assert 5 < seen["refused"] < 60


@pytest.mark.nightly
def test_many_mutants_of_traces_are_read_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    seen = try_mutants(MUTANTS, seed=2)
    assert seen.total() == MUTANTS
    assert MUTANTS // 20 < seen["refused"] < MUTANTS


def test_a_trace_sealed_again_as_it_was_is_the_same_to_the_byte() -> None:
    """Or the mutants would all be refused at the seal."""
    whole = TRACES[-1].read_bytes()
    assert sealed([json.loads(line) for line in whole.splitlines()]).splitlines()[-1] in whole
