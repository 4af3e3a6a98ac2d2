"""Partial values, final values and the limits of a write."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.impl.register.access import UNSIGNED_MAX
from counterpoint.impl.register.values import (
    SEARCHED_MAX,
    Record,
    WriteRefused,
    Written,
    final_value,
    hash_of,
    least_hash,
    newest_of,
    write_fault,
    written,
)


def test_the_published_values() -> None:
    assert hash_of("abc", 15) == 902613196918738813
    assert written("abc", 5, 25, 100).partial == 902613196918738813
    assert final_value(written("abc", 5, 25, 100)) == 60570345165277511


@given(st.text(max_size=5), st.integers(0, UNSIGNED_MAX - 30), st.integers(1, 30))
def test_the_least_hash_is_the_least_of_the_range(name: str, first: int, count: int) -> None:
    """For every range: least_hash is the minimum of the first 8 bytes of SHA-256 of "name x"."""
    digests = [sha256(f"{name} {x}".encode()).digest() for x in range(first, first + count)]
    assert least_hash(name, first, first + count) == int.from_bytes(min(digests)[:8], "big")


FAULTS = [
    (("a", 5, 5, 9), "the range from low 5 to mid 5 is empty; mid must be above low"),
    (("a", 6, 5, 9), "low 6, mid 5, high 9 are out of order; it must be low <= mid <= high"),
    (("a", 1, 9, 5), "low 1, mid 9, high 5 are out of order; it must be low <= mid <= high"),
    (("a", -1, 5, 9), f"low is -1; it must be an unsigned 64-bit integer, 0 to {UNSIGNED_MAX}"),
    (("a", 1, 5, 2**64), f"high is {2**64}; it must be an unsigned 64-bit integer, 0 to "),
    (("a", 0, SEARCHED_MAX + 1, 2**63), "low 0 to mid 1000001 are 1,000,001 numbers to search; "),
    (("\ud800", 0, 1, 2), "the name '\\ud800' has half of a character; it must be text in UTF-8"),
]


@pytest.mark.parametrize(("arguments", "fault"), FAULTS)
def test_a_wrong_write_is_refused_with_the_remedy(
    arguments: tuple[str, int, int, int], fault: str
) -> None:
    assert (write_fault(*arguments) or "").startswith(fault)
    with pytest.raises(WriteRefused):
        written(*arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ("a", 0, 1, 1),
        ("", 0, 1, UNSIGNED_MAX),
        ("a", UNSIGNED_MAX - 1, UNSIGNED_MAX, UNSIGNED_MAX),
        ("a", 7, 7 + SEARCHED_MAX, UNSIGNED_MAX),
    ],
)
def test_the_limits_themselves_are_allowed(arguments: tuple[str, int, int, int]) -> None:
    assert write_fault(*arguments) is None


def test_the_final_value_is_optional_and_bounded() -> None:
    assert final_value(written("a", 0, 1, 1)) is None
    with pytest.raises(WriteRefused, match=r"^mid 1 to high 9223372036854775808 are 9,223,372,036"):
        final_value(written("a", 0, 1, 2**63))


def test_the_newest_record_is_the_one_with_the_highest_stamp() -> None:
    old, new = Record(1, 1), Record(1, 2, Written("a", 0, 1, 1, 7))
    assert newest_of((old, new)) == newest_of((new, old)) == new
    assert str(new) == "1: a(0, 1, 1) @2"
    assert str(Record(1)) == "1: nothing @0"
