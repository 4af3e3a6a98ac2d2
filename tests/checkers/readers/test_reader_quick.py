"""Reading in bulk gives what reading piece by piece gives, for every text; it may only decline."""

from __future__ import annotations

from random import Random

import pytest

from counterpoint.checkers.events import operations
from counterpoint.checkers.readers import (
    Case,
    UnreadableHistory,
    csv_table,
    jepsen_edn,
    json_lines,
    session_text,
)
from counterpoint.checkers.readers.edn_lines import read_edn_lines
from counterpoint.checkers.readers.event_columns import EventColumns, paired
from counterpoint.checkers.readers.limits import DEFAULT_LIMITS
from counterpoint.checkers.readers.row_columns import Declined
from tests.checkers.readers.reader_mutants import mutant

LINES = {
    "register": "{{:process {p}, :type :{t}, :f :{f}, :value {v}, :time {i}000, :index {i}}}",
    "records": "#jepsen.history.Op{{:index {i}, :type :{t}, :process {p}, :f :{f}, :value {v}}}",
    "short": "{{:type :{t} :f :{f} :value {v} :process {p}}}",
    "keys": '{{:process {p}, :type :{t}, :f :{f}, :key "k{p}", :value {v}, :error "none"}}',
}
ODD = (
    '{:process :nemesis, :type :info, :f :start, :value {"n1" ##NaN}}',
    "; a comment",
    "",
    "{:type :info, :process :nemesis, :f :stop, :value nil, :time 1}",
    "[7 :info :read nil]",
    "{:process 3, :type :invoke, :f :read,\n :value nil}",
    "#_ {:process 1}",
)
MICROS = ("[[:r 1 nil] [:append 2 3]]", "[[:r 1 nil] [:w 2 3]]", "[[:append 1 2]]")
VALUES = ("1", "2", "nil", "[1 2]", "[[:r 1 nil] [:append 2 3]]", "[[:r 1 [4 5]] [:w 2 3]]", '"a"',
          ":x", "1.5", "-7", "007", "[ 1  2]", "true")  # fmt: skip


def call_at_random(random: Random) -> tuple[str, str]:
    """Draw a function and a value for it; now and then one that it cannot have."""
    f = random.choice(("read", "write", "txn", "cas"))
    return f, random.choice(MICROS if f == "txn" and random.random() < 0.95 else VALUES)


def edn_text(random: Random, style: str) -> str:
    """Write events that mostly fit together, with other lines among them."""
    lines: list[str] = []
    pending: dict[int, tuple[str, str]] = {}
    for place in range(random.randrange(1, 14)):
        p = random.randrange(3)
        f, v = pending.get(p) or call_at_random(random)
        t = "invoke" if p not in pending else random.choice(("ok", "ok", "info", "fail"))
        if t == "invoke":
            pending[p] = (f, v)
        else:
            del pending[p]
        index = place + (random.random() < 0.03)
        lines.append(LINES[style].format(p=p, t=t, f=f, v=v, i=index))
        if random.random() < 0.05:
            lines.append(random.choice(ODD))
    text = "\n".join(lines)
    return random.choice(("{}", "{}\n", "[{}]", "({})\n", "\n[{}\n]", "{}\r\n")).format(text)


def exact_or_error(text: str, module: object) -> Case | str:
    try:
        return module.exact_case(text, source="made")  # type: ignore[attr-defined, no-any-return]
    except UnreadableHistory as error:
        return str(error)


def compare_edn(seed: int, *, texts: int, mutants: int) -> int:
    """Return how many texts were read in bulk; each as the exact reader reads it."""
    random, quick_count = Random(seed), 0
    for _ in range(texts):
        text = edn_text(random, random.choice(list(LINES)))
        for changed in (text, *(mutant(text, random) for _ in range(mutants))):
            assert isinstance(changed, str)
            quick = read_edn_lines(changed, source="made", limits=DEFAULT_LIMITS)
            if quick is not None:
                assert quick == exact_or_error(changed, jepsen_edn), changed
                quick_count += 1
    return quick_count


def test_edn_in_bulk_is_edn_piece_by_piece() -> None:
    assert compare_edn(1, texts=60, mutants=3) > 40


@pytest.mark.nightly
def test_edn_in_bulk_is_edn_piece_by_piece_for_many() -> None:
    assert compare_edn(2, texts=4000, mutants=6) > 4000


CELLS = {
    "client": ("a", "b", "7", ""),
    "type": ("invoke", "ok", "ok", "fail", "info", "begin"),
    "f": ("read", "write", "cas", "txn", ""),
    "key": ("x", "1", ""),
    "value": ("1", '"1"', "", "null", "[1, 2]", '[["r", "x", null]]', "1.5", "nan", "{"),
    "time": ("", "", "", "1", "2.5", "x"),
    "node": ("n1", ""),
    "argument": ("1", "", "[1, 2]"),
    "result": ("1", "", "null"),
    "called": ("1", "2", "3", "x", ""),
    "returned": ("4", "5", "", "1"),
    "status": ("", "ok", "info", "fail", "done"),
    "id": ("", "o7"),
    "call_step": ("", "3", "x"),
}
EVENTS = ("client", "type", "f", "key", "value", "time", "node")
OPERATIONS = ("client", "f", "key", "argument", "result", "called", "returned", "status", "id",
              "call_step", "node")  # fmt: skip


def rows_at_random(random: Random) -> list[dict[str, str]]:
    """Draw rows; where the rare choices are left out they fit together."""
    columns = random.choice((EVENTS, OPERATIONS))
    tame = random.random() < 0.7
    rows: list[dict[str, str]] = []
    pending: dict[str, dict[str, str]] = {}
    for place in range(random.randrange(1, 9)):
        row = {name: random.choice(CELLS[name][: 3 if tame else None]) for name in columns}
        if tame:
            row |= {"client": random.choice("ab"), "f": random.choice(("read", "write"))}
            if "type" in row:
                call = pending.pop(row["client"], None)
                row |= {"type": "invoke" if call is None else "ok", "time": ""}
                if call is None:
                    pending[row["client"]] = row
                else:
                    row |= {"f": call["f"], "key": call["key"], "value": call["value"]}
            else:
                row |= {"client": f"c{place}", "status": "", "call_step": ""}
        rows.append({name: cell for name, cell in row.items() if name != "node" or cell})
    return rows


def csv_cell(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if set('",[') & set(cell) else cell


def csv_text(rows: list[dict[str, str]]) -> str:
    columns = list(rows[0])
    lines = [",".join(csv_cell(row.get(name, "")) for name in columns) for row in rows]
    return "\n".join([",".join(columns), *lines]) + "\n"


def json_text(rows: list[dict[str, str]]) -> str:
    plain = ("client", "type", "f", "status", "id", "node")
    spelled = [
        ", ".join(
            f'"{name}": "{cell}"' if name in plain or cell == "x" else f'"{name}": {cell}'
            for name, cell in row.items()
            if cell
        )
        for row in rows
    ]
    return "".join(f"{{{row}}}\n" for row in spelled)


def compare_rows(seed: int, *, texts: int, mutants: int) -> int:
    random, quick_count = Random(seed), 0
    for _ in range(texts):
        rows = rows_at_random(random)
        for module, text in ((csv_table, csv_text(rows)), (json_lines, json_text(rows))):
            for changed in (text, *(mutant(text, random) for _ in range(mutants))):
                assert isinstance(changed, str)
                try:
                    quick = module.quick_case(changed, source="made")
                except Declined:
                    continue
                assert quick == exact_or_error(changed, module), changed
                quick_count += 1
    return quick_count


@pytest.mark.slow
def test_rows_in_bulk_are_rows_one_by_one() -> None:
    assert compare_rows(1, texts=80, mutants=2) > 60


@pytest.mark.nightly
def test_rows_in_bulk_are_rows_one_by_one_for_many() -> None:
    assert compare_rows(2, texts=4000, mutants=6) > 1500


@pytest.mark.parametrize("space", ["\u00a0", "\x0c", "\u2028"])
def test_json_lines_in_bulk_take_no_space_that_is_none_in_json(space: str) -> None:
    text = f'{{"client": "a", "f": "read", "key": [1], "called": 1, "returned": 2}}{space}\n'
    with pytest.raises(Declined):
        json_lines.quick_case(text, source="made")
    with pytest.raises(UnreadableHistory, match="made:1: not JSON"):
        json_lines.exact_case(text, source="made")


def sessions_at_random(random: Random, form: str) -> str:
    """Write accesses of a few sessions, and now and then something that is none."""
    lines = []
    for _ in range(random.randrange(1, 12)):
        kind, key, value = random.choice("rw"), random.randrange(3), random.randrange(3)
        if form == "plume-text":
            place = f"{random.randrange(2)},{random.choice((-1, 1, 2, 3))}"
            lines.append(f"{kind}({key},{value},{place})")
        else:
            lines.append(f"{kind} {key} {value}")
            lines += random.choices(
                ("-----", "=====", "--", "", "r  0 1 ", "read 1 2", "r 1", "2"),
                (4, 3, 1, 2, 0.2, 0.1, 0.1, 0.1),
            )
    return "\n".join(lines) + random.choice(("", "\n"))


def compare_sessions(seed: int, *, texts: int, mutants: int) -> int:
    random, quick_count = Random(seed), 0
    for form, exactly in (
        ("plume-text", session_text.exact_plume),
        ("awdit-text", session_text.exact_awdit),
    ):
        for _ in range(texts):
            text = sessions_at_random(random, form)
            for changed in (text, *(mutant(text, random) for _ in range(mutants))):
                assert isinstance(changed, str)
                lines = changed.split("\n")
                quick = (
                    session_text.quick_plume(changed, lines)
                    if form == "plume-text"
                    else session_text.quick_awdit(lines)
                )
                if quick is not None:
                    exact = exactly(lines, "made")
                    assert quick.access_count == exact.access_count
                    assert quick.transaction_count == exact.transaction_count
                    assert quick == exact, changed
                    quick_count += 1
    return quick_count


def test_sessions_in_bulk_are_sessions_line_by_line() -> None:
    assert compare_sessions(1, texts=100, mutants=2) > 200


@pytest.mark.nightly
def test_sessions_in_bulk_are_sessions_line_by_line_for_many() -> None:
    assert compare_sessions(2, texts=4000, mutants=4) > 8000


def test_texts_are_taken_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """However small the pieces are, the history is the same."""
    monkeypatch.setattr("counterpoint.checkers.readers.edn_lines.CHUNK_CHARS", 90)
    monkeypatch.setattr(json_lines, "LINES_AT_A_TIME", 1)
    monkeypatch.setattr(csv_table, "ROWS_AT_A_TIME", 1)
    assert compare_edn(3, texts=25, mutants=1) > 16
    assert compare_rows(3, texts=25, mutants=1) > 15


def test_pairing_in_columns_is_pairing_event_by_event() -> None:
    from tests.checkers.readers.event_lists import events_at_random

    paired_count = 0
    for seed in range(400):
        events = events_at_random(Random(seed))
        columns = EventColumns(
            *(
                list(column)
                for column in zip(
                    *((e.client, e.type, e.f, e.key, e.value, e.step) for e in events), strict=True
                )
            )
        )
        found = paired(columns)
        if found is not None:
            paired_count += 1
            assert found == operations(events, source="made")
    assert paired_count > 100
