"""What is made of the fields of a class reads and writes as a loop over these fields does."""

from __future__ import annotations

from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.impl.host.class_codec import check_of, field_names
from counterpoint.impl.host.codec import Codec
from counterpoint.impl.host.msgpack import BadBytes, pack
from counterpoint.impl.register.vocabulary import REGISTER
from counterpoint.impl.stores.vocabulary import CAUSAL_DEPS
from counterpoint.impl.token_manager.vocabulary import TOKEN_MANAGER

VOCABULARIES = (REGISTER, CAUSAL_DEPS, TOKEN_MANAGER)
ATOMS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "c1"]) | st.just(b"x")


def twin_plain(value: Any, vocabulary: tuple[type, ...]) -> Any:
    """What a value is written as: the simple way."""
    if type(value) is tuple:
        return [0, *(twin_plain(item, vocabulary) for item in value)]
    if type(value) is frozenset:
        return [1, *sorted((twin_plain(item, vocabulary) for item in value), key=pack)]
    if type(value) not in vocabulary:
        return value
    parts = (getattr(value, name) for name in field_names(type(value)))
    return [2 + vocabulary.index(type(value)), *(twin_plain(part, vocabulary) for part in parts)]


def twin_value(plain: Any, vocabulary: tuple[type, ...]) -> Any:
    """What a plain value is read as: the simple way."""
    if type(plain) is not list:
        return plain
    number, *rest = plain
    items = [twin_value(item, vocabulary) for item in rest]
    if number in (0, 1):
        return (tuple, frozenset)[number](items)
    cls = vocabulary[number - 2]
    names, hints = field_names(cls), get_type_hints(cls)
    if len(items) != len(names):
        raise BadBytes
    for name, item in zip(names, items, strict=True):
        if not check_of(hints[name])(item):
            raise BadBytes
    return cls(*items)


def plain_values(vocabulary: tuple[type, ...]) -> st.SearchStrategy[Any]:
    """Arrays of any number with about as many items as its class has fields, of any kind."""
    counts = [st.just(0), st.just(0), *map(_about_so_many, vocabulary)]

    def arrays(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        numbers = st.integers(0, len(vocabulary) + 1)
        return numbers.flatmap(
            lambda number: (
                counts[number]
                .flatmap(lambda count: st.lists(items, min_size=count, max_size=count))
                .map(lambda found: [number, *found])
            )
        )

    return st.recursive(ATOMS, arrays, max_leaves=12)


def _about_so_many(cls: type) -> st.SearchStrategy[int]:
    count = len(field_names(cls))
    return st.just(count) | st.integers(0, count + 1)


@pytest.mark.slow
@pytest.mark.parametrize("vocabulary", VOCABULARIES, ids=("register", "stores", "tokens"))
@given(data=st.data())
def test_arrays_are_read_as_a_loop_over_the_fields_reads_them_or_refused_by_both(
    vocabulary: tuple[type, ...], data: st.DataObject
) -> None:
    """For all arrays: equal values of equal types; and what is read is written as the loop does."""
    plain = data.draw(plain_values(vocabulary))
    codec = Codec(vocabulary)
    try:
        expected = twin_value(plain, vocabulary)
    except BadBytes:
        with pytest.raises(BadBytes):
            codec.decode(pack(plain))
        return
    found = codec.decode(pack(plain))
    assert repr(found) == repr(expected)
    assert codec.encode(found) == pack(twin_plain(found, vocabulary))
