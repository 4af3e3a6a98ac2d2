"""Durable files: read back as they were written, and refused when they were not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.impl.host.durable import (
    JOURNAL,
    DamagedFile,
    JournalWriter,
    journal_in,
    state_bytes,
    state_in,
)

CONTENTS = [b"first", b"", b"third" * 100]


def journal() -> bytes:
    writer = JournalWriter()
    return JOURNAL + b"".join(map(writer.record, CONTENTS))


@given(st.binary(max_size=200))
def test_a_state_is_read_as_it_was_written(content: bytes) -> None:
    """For all contents: reading gives what was written."""
    assert state_in(state_bytes(content), "s1/state") == content


@given(st.integers(0, 99), st.integers(1, 255), st.integers(0, 100))
def test_a_state_that_is_altered_or_torn_anywhere_is_refused(
    at: int, change: int, end: int
) -> None:
    """For every byte: changed, or with all after it missing, the file is refused, by its name."""
    data = bytearray(state_bytes(b"x" * 100))
    torn = bytes(data[: end + 20])
    data[at] ^= change
    for wrong in (bytes(data), torn):
        with pytest.raises(DamagedFile, match=r"s1/state: byte .*bring the file back"):
            state_in(wrong, "s1/state")


def test_a_state_file_holds_one_state() -> None:
    whole = state_bytes(b"a")
    for wrong in (whole + whole[21:], b"", whole[:21]):
        with pytest.raises(DamagedFile):
            state_in(wrong, "state")


def test_a_journal_is_read_as_it_was_written_and_goes_on() -> None:
    contents, end, writer = journal_in(journal(), "journal")
    assert (contents, end) == (CONTENTS, len(journal()))
    longer = journal() + writer.record(b"fourth")
    assert journal_in(longer, "journal")[0] == [*CONTENTS, b"fourth"]


@given(st.integers(0, 499))
def test_a_journal_that_is_torn_in_its_last_record_has_those_before_it(missing: int) -> None:
    """However much of the last record is missing, the others are there, and so is their end."""
    contents, end, writer = journal_in(journal()[: len(journal()) - 1 - missing], "journal")
    assert contents == CONTENTS[:2]
    again = journal()[:end] + writer.record(CONTENTS[2])
    assert again == journal()


@given(st.integers(0, len(journal()) - 1), st.integers(1, 255))
def test_a_journal_that_is_altered_gives_no_other_records(at: int, change: int) -> None:
    """For every byte that is changed: refused, or read as if it ended before the changed record."""
    data = bytearray(journal())
    data[at] ^= change
    try:
        contents = journal_in(bytes(data), "journal")[0]
    except DamagedFile:
        return
    assert contents == CONTENTS[: len(contents)]
    assert len(contents) < len(CONTENTS)


def test_records_that_change_places_are_noticed() -> None:
    one, two = JournalWriter().record(b"a"), JournalWriter().record(b"b")
    with pytest.raises(DamagedFile):
        journal_in(JOURNAL + one + two, "journal")
