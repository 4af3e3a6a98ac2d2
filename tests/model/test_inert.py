"""Foreign text is made inert in one place: whatever it is made of, it shows, does nothing, and ends."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.model.inert import QUOTED_MAX, json_inert, plain, plain_lines, quoted

HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
ANY_TEXT = st.text(st.characters(), max_size=60)  # with controls, marks and lone surrogates
ANY_DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | ANY_TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner),
)


def is_inert(text: str) -> bool:
    return not any(unicodedata.category(character) in HIDDEN for character in text)


@given(ANY_TEXT, st.integers(1, 80))
def test_plain_text_shows_every_character_and_has_an_end(text: str, limit: int) -> None:
    shown = plain(text, limit)
    assert is_inert(shown)
    assert len(shown) <= limit
    shown.encode()


@given(ANY_TEXT)
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert plain(plain(text, 1_000), 1_000) == plain(text, 1_000)


@given(ANY_TEXT)
def test_lines_stay_lines(text: str) -> None:
    assert plain_lines(text).count("\n") == text.count("\n")
    assert is_inert(plain_lines(text).replace("\n", ""))


@pytest.mark.slow
@given(ANY_DATA)
def test_quoted_data_is_plain_and_short(data: object) -> None:
    assert is_inert(quoted(data))
    assert len(quoted(data)) <= QUOTED_MAX


@pytest.mark.slow
@given(ANY_DATA)
def test_inert_json_means_the_same(data: object) -> None:
    text = json_inert(json.dumps(data, ensure_ascii=False))
    assert json.loads(text) == data
    assert is_inert(text)


@pytest.mark.parametrize(
    "text",
    [
        "\x1b[2J",  # clears the screen
        "\x1b]52;c;aGk=\x07",  # writes to the clipboard
        "\x9b31m",  # the same as ESC [ in one byte
        "\u202eabc",  # turns the line round
        "\u2066abc\u2069",
        "\ud800",  # half a character
        "\u200b",  # does not show
        "\r\n",
    ],
)
def test_what_acts_on_a_terminal_is_shown_as_escapes(text: str) -> None:
    for shown in (plain(text), quoted(text), json_inert(json.dumps(text, ensure_ascii=False))):
        assert is_inert(shown)
        assert "\\" in shown


def test_quoting_what_is_huge_is_cheap_and_short() -> None:
    nested: object = []
    for _ in range(100_000):
        nested = [nested]
    assert len(quoted(nested)) <= QUOTED_MAX
    assert len(quoted("x" * 10**6)) == QUOTED_MAX
    assert len(quoted(10**4000)) <= QUOTED_MAX
