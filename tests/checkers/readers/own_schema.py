"""Write a history in our own schema; the readers of the same names read it back."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Hashable, Iterable

from counterpoint.checkers.history import UNKNOWN, Operation
from counterpoint.checkers.readers.csv_table import VALUE_COLUMNS, cell_of
from counterpoint.checkers.readers.rows import OPERATION_COLUMNS


def json_lines(history: Iterable[Operation]) -> str:
    """Write one JSON object a line.

    Raises:
        ValueError: a value that JSON cannot say and give back, such as a set.
    """
    return "".join(json.dumps(_cells(op), ensure_ascii=False) + "\n" for op in history)


def csv_table(history: Iterable[Operation]) -> str:
    """Write a table with a header.

    Raises:
        ValueError: as `json_lines`.
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, OPERATION_COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for op in history:
        cells = _cells(op)
        writer.writerow(
            {name: cell_of(cell) if name in VALUE_COLUMNS else cell for name, cell in cells.items()}
        )
    return text.getvalue()


def _cells(op: Operation) -> dict[str, Hashable]:
    cells: dict[str, Hashable] = {"id": op.id, "client": op.client, "f": op.f}
    if op.key is not None:
        cells["key"] = _checked(op.key)
    cells["argument"] = _checked(op.argument)
    if op.result is not UNKNOWN:
        cells["result"] = _checked(op.result)
    cells["called"] = op.called
    if not op.is_open:
        cells["returned"] = op.returned
    cells["status"] = op.status
    for name, step in (("call_step", op.call_step), ("return_step", op.return_step)):
        if step != -1:
            cells[name] = step
    return cells


def _checked(value: Hashable) -> Hashable:
    """Return a value if JSON gives it back as it was.

    Raises:
        ValueError: it does not.
    """
    if isinstance(value, tuple):
        for inner in value:
            _checked(inner)
    elif not (value is None or isinstance(value, bool | int | float | str)):
        raise ValueError(f"{value!r} is a {type(value).__name__}, which JSON cannot give back")
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value!r} cannot be compared, so no history should hold it")
    return value
