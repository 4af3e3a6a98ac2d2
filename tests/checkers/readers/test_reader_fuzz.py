"""No input makes a reader raise anything but the one named error."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from counterpoint.checkers.readers import (
    FORMATS,
    Cases,
    ReadingLimits,
    UnreadableHistory,
    guess_format,
    read_cases,
)
from counterpoint.checkers.readers.formats import COMPRESSED
from tests.checkers.readers.reader_samples import SAMPLES
from tests.support.nights import examples

NAMES = sorted(FORMATS)
NOTATIONS = r"""
[ ] { } ( ) #{ # #_ ## ##NaN " ' \ ; , : / // - -- == := ? NaN Infinity 1e999
999999999999999999999999999999 null nil true false -1 0 1 r w r( :invoke :ok :info :fail
:process :type :f :value ok invoke info fail client type f value key time called returned
status jepsen.util
"""
WORDS = st.sampled_from([*NOTATIONS.split(), " ", "\n", "\t", "\0", "\u00fc", "\ud83d", "\ufeff"])


def tried(form: str, data: str | bytes) -> Cases | None:
    """Read; None for the named error, with a place and a reason in it."""
    try:
        cases = FORMATS[form].read(data, source="made")
    except UnreadableHistory as error:
        refused = error
    else:
        assert cases, "a file without a history is an error"
        return cases
    assert (refused.source, refused.line >= 0) == ("made", True)
    assert refused.reason
    return None


@pytest.mark.parametrize("form", NAMES)
@given(data=st.binary(max_size=200))
@examples(40)
def test_random_bytes(form: str, data: bytes) -> None:
    """Whatever bytes a file has, the reader answers."""
    tried(form, data)


@pytest.mark.parametrize("form", NAMES)
@given(words=st.lists(WORDS, max_size=30))
@examples(60)
def test_random_words_of_the_notations(form: str, words: list[str]) -> None:
    """Whatever the notations' own words are put together to, the reader answers."""
    tried(form, " ".join(words))


@pytest.mark.parametrize("form", NAMES)
def test_every_truncation(form: str) -> None:
    """A file cut short is an error or a shorter history; it never has more in it."""
    whole = SAMPLES[form]
    full = sum(case.event_count for case in FORMATS[form].read(whole, source="made"))
    for length in range(len(whole)):
        cases = tried(form, whole[:length])
        assert cases is None or sum(case.event_count for case in cases) <= full


@pytest.mark.parametrize("form", NAMES)
@given(data=st.data())
@examples(80)
def test_mutations(form: str, data: st.DataObject) -> None:
    """A good file with a piece cut out and something else put in is read, or refused by name."""
    whole = SAMPLES[form]
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 12)))
    if isinstance(whole, bytes):
        tried(form, whole[:start] + data.draw(st.binary(max_size=9)) + whole[end:])
    else:
        tried(form, whole[:start] + "".join(data.draw(st.lists(WORDS, max_size=3))) + whole[end:])


HEADS = st.binary(max_size=80) | st.text(max_size=80)


@example(name="", head=b"\xfd7zXZ")
@given(name=st.text(max_size=12), head=HEADS | st.sampled_from(tuple(COMPRESSED)))
def test_guessing_answers_for_any_name_and_beginning(name: str, head: str | bytes) -> None:
    """A guess is a format that there is a reader for, or the named error that says what to do."""
    try:
        said = {guess_format(name, head)}
    except UnreadableHistory as error:
        assert_says_what_to_do(error)
    else:
        assert said < set(FORMATS)


def assert_says_what_to_do(error: UnreadableHistory) -> None:
    """Nothing is called empty, what is packed is to be unpacked; else the formats are listed."""
    is_plain = "the file is empty" in error.reason or "unpack it first" in error.reason
    assert is_plain or all(form in error.reason for form in FORMATS)


SMALL = ReadingLimits(bytes_max=2**21, line_chars_max=2**12, depth_max=20)
NOISE = {
    "nothing": b"",
    "zeros": b"\0" * 2**20,
    "ones": b"\xff" * 2**20,
    "spaces": b" " * 2**20,
    "one letter": b"a" * 2**20,
    "digits": b"7" * 2**20,
    "brackets": b"[" * 2**20,
    "pairs of brackets": b"[]" * 2**19,
    "fewer pairs of brackets": b"[]" * 2**16,
    "braces": b"{" * 2**20,
    "parentheses": b"(" * 2**20,
    "discards": b"#_" * 2**19,
    "tags": b"#a " * 2**18,
    "semicolons and a fault": b";;\n" * 2**18 + b"\\ ",
    "a string that never ends": b'"' + b'\\"' * 2**19,
    "quotes": b'"' * 2**20,
    "nested arrays": b"[1," * 2**18,
    "nested objects": b'{"a":' * 2**18,
    "log marks": b"jepsen.util - " * 2**16,
    "dashes": b"-\n" * 2**18,
    "fewer dashes": b"-\n" * 2**15,
    "slashes": b"//" * 2**19,
    "half a transaction": b"[x:=1 " * 2**17,
    "half an access": b"r(" * 2**19,
    "commas": b"client,type,f\n" + b"," * 2**20,
}


LONG = {"dashes", "pairs of brackets"}
"""What takes a second or more: an eighth of it is tried by day, and all by night."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "noise",
    [
        pytest.param(noise, id=name, marks=pytest.mark.nightly if name in LONG else ())
        for name, noise in NOISE.items()
    ],
)
def test_a_megabyte_of_noise_is_refused(noise: bytes) -> None:
    """Each reader refuses it by name; time and memory stay in proportion to its size."""
    for form in NAMES:
        assert tried(form, noise) is None, form


@pytest.mark.parametrize("form", NAMES)
def test_more_than_the_limit_is_refused_before_it_is_read(form: str) -> None:
    with pytest.raises(UnreadableHistory, match="at most 2097152 are read"):
        FORMATS[form].read(b"x" * (SMALL.bytes_max + 1), source="made", limits=SMALL)


@pytest.mark.parametrize("form", ["jepsen-log", "awdit-text", "plume-text", "dbcop-hist"])
def test_a_giant_line_is_refused(form: str) -> None:
    with pytest.raises(UnreadableHistory, match=r"^made:2: a line of 5000 characters"):
        FORMATS[form].read("\n" + "x" * 5000, source="made", limits=SMALL)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("edn", "\n\n{:process 0 :type :ok :f :read :value " + "[" * 30),
        ("edn", "\n\n{:process 0 :type :ok :f :read :value " + "#a " * 30),
        ("jepsen-json", '\n\n[{"process": 0, "value": ' + "[" * 30),
        ("jsonl", '\n\n{"client": "a", "value": ' + "[" * 30),
        ("dbcop-json", "\n\n" + "[" * 30),
        ("interval-json", "\n\n" + "[" * 30),
        ("session-json", "\n\n" + "[" * 30),
        ("csv", 'client,type,f,value\n\na,invoke,write,"' + "[" * 30 + '"'),
    ],
)
def test_deep_nesting_is_refused_with_its_line(form: str, text: str) -> None:
    with pytest.raises(UnreadableHistory, match=r"^made:3: .*nest deeper than 20"):
        FORMATS[form].read(text, source="made", limits=SMALL)


@pytest.mark.parametrize("form", NAMES)
def test_a_good_file_is_read_in_its_guessed_format(form: str) -> None:
    """The guess goes by the beginning alone: the name says nothing here."""
    assert guess_format("history", SAMPLES[form][:4096]) == form
    assert read_cases(SAMPLES[form], source="made") == FORMATS[form].read(
        SAMPLES[form], source="made"
    )
