"""Values as bytes: read back equal, the same with msgspec and without, and refused where they lie."""

from __future__ import annotations

import dataclasses
import inspect
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.impl.host.class_codec import check_of
from counterpoint.impl.host.codec import Codec, from_canonical
from counterpoint.impl.host.msgpack import DEPTH_MAX, BadBytes, pack, unpack
from counterpoint.impl.register import messages
from counterpoint.impl.register.messages import Answer, Have, Query, Read, Request, Write
from counterpoint.impl.register.protocol import Shelf
from counterpoint.impl.register.values import Record, written
from counterpoint.impl.register.vocabulary import REGISTER
from counterpoint.impl.stores import words as store_words
from counterpoint.impl.stores.vocabulary import CAUSAL_DEPS, CAUSAL_LAMPORT
from counterpoint.impl.token_manager import messages as token_messages
from counterpoint.impl.token_manager.vocabulary import TOKEN_MANAGER
from counterpoint.model.values import canonical

VOCABULARIES = {
    "register": REGISTER,
    "token_manager": TOKEN_MANAGER,
    "causal_deps": CAUSAL_DEPS,
    "causal_lamport": CAUSAL_LAMPORT,
}
WORDS = [
    Query(Request("c1", 2**63), 4),
    Have(Request("c12", 1), Record(4, 3, written("abc", 5, 25, 100))),
    Answer(Request("ü", 0), None),
    Answer(Request("c", 7), 2**64 - 1),
    Write(1, "x" * 300, 0, 70_000, 2**64 - 1, "s1"),
    Shelf(3, (Request("c1", 1), Request("c2", 2)), (Record(1),)),
    ("receive", -5, frozenset({1, "a"}), b"\x00" * 70_000, None, True, ("x",) * 20),
]


def in_all_ways() -> list[Codec]:
    """The codec with msgspec, where it is installed, and without."""
    return [Codec(REGISTER), Codec(REGISTER, is_plain=True)]


@pytest.mark.parametrize("value", WORDS, ids=lambda value: type(value).__name__)
def test_a_value_is_read_as_it_was_written_whoever_writes_and_whoever_reads(value: Any) -> None:
    for writer in in_all_ways():
        for reader in in_all_ways():
            assert reader.decode(writer.encode(value)) == value


plain_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=20),
)


@pytest.mark.slow
@given(plain_values)
def test_the_fallback_writes_the_bytes_that_msgspec_writes_and_reads_them_alike(value: Any) -> None:
    """For every plain value: equal bytes, and either reads what the other wrote."""
    msgspec = pytest.importorskip("msgspec")
    data = msgspec.msgpack.encode(value)
    assert pack(value) == data
    assert unpack(data) == value == msgspec.msgpack.decode(pack(value))


@pytest.mark.slow
@given(st.binary(max_size=60))
def test_no_bytes_do_anything_but_be_read_or_refused(data: bytes) -> None:
    """For all bytes: both readers refuse them, or read equal values."""
    found = []
    for codec in in_all_ways():
        try:
            found.append(codec.decode(data))
        except BadBytes:
            found.append("refused")
    # msgspec also reads what we never write (maps, extensions, floats); no such thing gets through.
    assert found[0] == found[1]


@pytest.mark.slow
@given(st.sampled_from(WORDS), st.data())
def test_a_value_with_one_byte_changed_is_refused_or_is_of_the_right_types(
    value: Any, data: st.DataObject
) -> None:
    """Nothing that is read has a field of a type that its class does not allow."""
    codec = Codec(REGISTER)
    text = bytearray(codec.encode(value))
    at = data.draw(st.integers(0, len(text) - 1))
    text[at] = data.draw(st.integers(0, 255))
    try:
        read = codec.decode(bytes(text))
    except BadBytes:
        return
    assert codec.decode(codec.encode(read)) == read


@pytest.mark.parametrize(
    ("plain", "why"),
    [
        ([99], "class 97 is not in the vocabulary"),
        ([], "does not say what it is"),
        (["x"], "does not say what it is"),
        ([5, "c1"], "a Request with 1 fields; it has 2"),
        ([5, "c1", "1"], "Request.number cannot be '1'"),
        ([5, "c1", True], "Request.number cannot be True"),
        ([8, [5, "c1", 1], [13, 1, 0, None]], "Query.token cannot be"),
    ],
)
def test_what_no_right_node_writes_is_refused_with_the_reason(plain: Any, why: str) -> None:
    codec = Codec(REGISTER)
    with pytest.raises(BadBytes, match=why):
        codec.decode(pack(plain))


def test_what_is_nested_to_hurt_is_refused() -> None:
    text = b"\x91" * (DEPTH_MAX * 100) + b"\xc0"
    for codec in in_all_ways():
        with pytest.raises(BadBytes):
            codec.decode(text)


def test_what_is_no_value_of_the_system_is_not_written() -> None:
    for codec in in_all_ways():
        for value in (1.5, 2**70, token_messages.Where(1), "\ud800"):
            with pytest.raises(BadBytes):
                codec.encode(value)


@pytest.mark.parametrize("system", VOCABULARIES)
def test_every_class_of_a_vocabulary_can_be_checked_and_no_two_share_a_name(system: str) -> None:
    classes = VOCABULARIES[system]
    assert Codec(classes).fingerprint
    assert len({cls.__name__ for cls in classes}) == len(classes)


@pytest.mark.parametrize(
    ("module", "system"),
    [(messages, "register"), (token_messages, "token_manager"), (store_words, "causal_deps")],
)
def test_every_word_of_a_system_is_in_its_vocabulary(module: ModuleType, system: str) -> None:
    words = {
        cls
        for _, cls in inspect.getmembers(module, inspect.isclass)
        if dataclasses.is_dataclass(cls) and cls.__module__ == module.__name__
    }
    assert words <= set(VOCABULARIES[system])


def test_another_order_of_words_is_another_language() -> None:
    one, other = Codec((Request, Query)), Codec((Query, Request))
    assert one.fingerprint != other.fingerprint


def test_a_value_comes_back_from_its_canonical_form() -> None:
    classes = {cls.__name__: cls for cls in REGISTER}
    for value in WORDS:
        assert from_canonical(canonical(value), classes) == value
    with pytest.raises(BadBytes):
        from_canonical({"is": "Unheard", "of": 1}, classes)


def test_a_type_that_no_field_can_have_is_found_when_the_codec_is_made() -> None:
    with pytest.raises(TypeError, match="no type of a field"):
        check_of(list[int])
    assert check_of(Read)(Read(1, "s1"))
