"""Mutants of every format: read and judged, or refused by name; never a defect, never a hang."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from counterpoint.checkers.readers import DEFAULT_LIMITS, FORMATS, UnreadableHistory
from counterpoint.harness.checking.cases import check_case
from counterpoint.harness.checking.files import check_files
from counterpoint.harness.checking.text import as_json, explain
from counterpoint.harness.checking.wanted import Wanted
from counterpoint.harness.deadline import deadline
from tests.checkers.readers.corpora import CORPORA
from tests.checkers.readers.long_files import long_file
from tests.checkers.readers.reader_mutants import mutant
from tests.checkers.readers.reader_samples import SAMPLES

NAMES = sorted(FORMATS)
SECONDS_MAX = 10.0
MUTANTS = 20_000
REASON_MAX = 500
LONG_FILE_BYTES = 10_000_000
MEMORY_MAX_BYTES = 1_000_000_000


def try_mutants(form: str, whole: str | bytes, *, seed: int, count: int) -> tuple[int, int]:
    """Read mutants, and judge what can be read; return how many were read, and how many refused."""
    random, read_count, refused_count = Random(f"{form}-{seed}"), 0, 0
    reasons: list[str] = []
    others = [other for other in SAMPLES.values() if type(other) is type(whole)]
    for _ in range(count):
        changed = mutant(whole, random, random.choice(others))
        with deadline(SECONDS_MAX):
            try:
                cases = FORMATS[form].read(changed, source="made")
            except UnreadableHistory as error:
                refused_count += 1
                reasons.append(str(error))
                continue
            read_count += 1
            for case in cases:
                checked = check_case(case, Wanted(timeout_seconds=5))
                assert not checked.traceback, (changed, checked.traceback)
                assert json.dumps(as_json(checked), allow_nan=False)
                assert all(line.isprintable() for line in explain(checked))
    assert all(reason.isprintable() and len(reason) < REASON_MAX for reason in reasons)
    return read_count, refused_count


@pytest.mark.parametrize("form", NAMES)
def test_mutants_are_read_or_refused(form: str) -> None:
    read_count, refused_count = try_mutants(form, SAMPLES[form], seed=1, count=30)
    assert read_count + refused_count == 30


@pytest.mark.nightly
@pytest.mark.parametrize("form", NAMES)
def test_many_mutants_are_read_or_refused(form: str) -> None:
    """Mutants of the sample and, where they are there, of small real files."""
    wholes: list[str | bytes] = [SAMPLES[form], *real_files(form)]
    share = MUTANTS // len(wholes)
    counts = [try_mutants(form, w, seed=n, count=share) for n, w in enumerate(wholes)]
    read_count, refused_count = map(sum, zip(*counts, strict=True))
    assert read_count + refused_count == share * len(wholes)
    assert min(read_count, refused_count) > MUTANTS // 50


def real_files(form: str, *, bytes_max: int = 4000, count_max: int = 8) -> list[str | bytes]:
    """Return some small files of a format from the corpora; none where there are none."""
    endings = (*FORMATS[form].suffixes, "txt", "json")
    found: list[str | bytes] = []
    for path in sorted(CORPORA.glob("**/*")) if CORPORA.is_dir() else ():
        if len(found) == count_max:
            break
        if path.suffix[1:] not in endings or path.stat().st_size > bytes_max:
            continue
        data = path.read_bytes()
        try:
            FORMATS[form].read(data, source=str(path))
        except UnreadableHistory:
            continue
        found.append(data if form == "dbcop-bincode" else data.decode())
    return found


READS = """
import resource, sys
from counterpoint.checkers.readers import FORMATS, UnreadableHistory
data = open(sys.argv[2], "rb").read()
try:
    FORMATS[sys.argv[1]].read(data, source="long")
    print("read")
except UnreadableHistory:
    print("refused")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.parametrize("form", NAMES)
def test_a_file_of_any_length_is_read(form: str) -> None:
    """What the next test is about: all of a long file is read, in all formats."""
    (short,), (long,) = (
        FORMATS[form].read(long_file(form, n), source="made") for n in (2**11, 2**13)
    )
    assert long.event_count > 3 * short.event_count > 0


@pytest.mark.nightly
@pytest.mark.parametrize("form", NAMES)
def test_ten_megabytes_need_less_than_a_gigabyte(form: str, tmp_path: Path) -> None:
    """Reading alone, in a process of its own: of what is well formed, and of noise."""
    good = long_file(form, LONG_FILE_BYTES)
    noise = good[: LONG_FILE_BYTES // 2] + b'\0[{("' * (LONG_FILE_BYTES // 10)
    for data, expected in ((good, "read"), (noise, "refused")):
        file = tmp_path / "long"
        file.write_bytes(data)
        told = subprocess.run(
            [sys.executable, "-c", READS, form, str(file)],
            capture_output=True, text=True, check=True, timeout=300,
        ).stdout.split()  # fmt: skip
        assert told[0] == expected
        assert int(told[1]) < MEMORY_MAX_BYTES


def test_a_file_that_is_too_long_is_refused_before_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "long.csv"
    file.write_text("client,type,f\n" + "a,invoke,read\n" * 9)
    (checked,) = check_files([file], limits=replace(DEFAULT_LIMITS, bytes_max=20))
    assert "at most 20 are read" in checked.error
