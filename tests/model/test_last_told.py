"""What was told last is told again for the very same value and way, and for no other."""

from __future__ import annotations

from counterpoint.model.last_told import LastTold


def test_it_is_worked_out_once_for_one_value_in_one_way() -> None:
    asked: list[tuple[object, object]] = []

    def work(subject: tuple[int, ...], way: str) -> int:
        asked.append((subject, way))
        return sum(subject) if way == "sum" else max(subject)

    last: LastTold[tuple[int, ...], str, int] = LastTold()
    one, equal = (1, 2), tuple(range(1, 3))
    assert [last.told(one, "sum", work) for _ in range(3)] == [3, 3, 3]
    assert len(asked) == 1
    assert last.told(one, "max", work) == 2
    assert last.told(equal, "max", work) == 2
    assert asked == [(one, "sum"), (one, "max"), (equal, "max")]
    assert last.told(one, "sum", work) == 3
    assert len(asked) == 4
