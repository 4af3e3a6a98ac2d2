"""The notation EDN: what its values become."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.checkers.readers.edn import read_edn


def values(text: str) -> list[object]:
    return [form.value for form in read_edn(text, source="made")]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("nil", None),
        ("true", True),
        ("-12", -12),
        ("+7N", 7),
        ("0x1F", 31),
        ("1.50", 1.5),
        ("1e3", 1000.0),
        ("1.50M", Decimal("1.50")),
        ("1/3", Fraction(1, 3)),
        (":jepsen/op", ":jepsen/op"),
        ("a.b/c", "a.b/c"),
        ("-", "-"),
        ("\\newline", "\n"),
        ("\\u0041", "A"),
        ("\\(", "("),
        ('"a\\n\\u0041\\""', 'a\nA"'),
        ("{}", {}),
        ("#{}", frozenset()),
        ("{:a 1, :b [2 3]}", {":a": 1, ":b": (2, 3)}),
        ("#{1 [2] {:a 1}}", frozenset({1, (2,), ((":a", 1),)})),
        ("{{:a 1} 2}", {((":a", 1),): 2}),
        ('#:jepsen{:a 1 "b" 2}', {":jepsen/a": 1, "b": 2}),
        ('#inst "2026"', "2026"),
        ("#a #b 5", 5),
        ("#_ 1 2", 2),
        ("#_ #_ 1 2 3", 3),
        ("#_ [1 {:a 2}] 4", 4),
        (",, 5 ; five\n", 5),
    ],
)
def test_values(text: str, value: object) -> None:
    (read,) = values(f"{text} ")
    assert read == value
    assert type(read) is type(value)


def test_forms_know_their_lines() -> None:
    forms = read_edn("; one\n{:a 1}\n\n #x {:b\n2} {:c 3}", source="made")
    assert [form.line for form in forms] == [2, 4, 5]


def test_a_vector_around_all_forms_is_opened() -> None:
    assert values("[{:a 1}\n (2)]") == [{":a": 1}, (2,)]
    assert values("[]") == []


def test_a_vector_of_atoms_is_a_form() -> None:
    assert values("[1 2] [3]") == [(1, 2), (3,)]


atoms = st.none() | st.booleans() | st.integers() | st.floats(-1e9, 1e9) | st.text(max_size=5)


def spelled(value: object) -> str:
    """Write a value in EDN: the other direction, for the test below."""
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, dict):
        return "{" + " ".join(f"{spelled(k)} {spelled(v)}" for k, v in value.items()) + "}"
    if isinstance(value, tuple):
        return "(" + " ".join(map(spelled, value)) + ")"
    constants = {None: "nil", True: "true", False: "false"}
    return constants[value] if value is None or isinstance(value, bool) else repr(value)


@pytest.mark.slow
@given(
    st.recursive(
        atoms,
        lambda inner: (
            st.lists(inner, max_size=3).map(tuple)
            | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        ),
    )
)
def test_what_is_written_is_read(value: object) -> None:
    """For every value v: reading the spelling of v gives v."""
    assert values(f"{{:v {spelled(value)}}}") == [{":v": value}]
