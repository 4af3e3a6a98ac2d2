"""The page of a recorded history: what is in it, and how it is asked for."""

from __future__ import annotations

import gzip
import json
import re
from base64 import b64decode
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner

from counterpoint.checkers.readers import read_cases
from counterpoint.checkers.readers.case import Interference
from counterpoint.harness.checking.cases import check_case
from counterpoint.harness.checking.wanted import Wanted
from counterpoint.harness.cli import main
from counterpoint.harness.timeline.data import timeline_data
from counterpoint.harness.timeline.page import timeline_html
from counterpoint.harness.timeline.periods import Period, periods_of
from counterpoint.harness.timeline.prefix import beginning, legal_until

STALE = """\
{:process 0, :type :invoke, :f :write, :value 1}
{:process 0, :type :ok, :f :write, :value 1}
{:process :nemesis, :type :info, :f :start-partition}
{:process 1, :type :invoke, :f :write, :value 2}
{:process 1, :type :ok, :f :write, :value 2}
{:process 2, :type :invoke, :f :read, :value nil}
{:process 2, :type :ok, :f :read, :value 1}
{:process :nemesis, :type :info, :f :stop-partition}
{:process 0, :type :invoke, :f :write, :value 3}
"""


def shown(page: str) -> dict[str, object]:
    """Return the data in a page."""
    found = re.search(r'id="history">([^<]*)<', page)
    assert found is not None
    data: dict[str, object] = json.loads(gzip.decompress(b64decode(found[1])))
    return data


def viewed(folder: Path, text: str, *options: str, name: str = "h.edn") -> dict[str, object]:
    file = folder / name
    file.write_text(text)
    page = folder / "page.html"
    result = CliRunner().invoke(main, ["view", str(file), "--out", str(page), *options])
    assert result.exit_code == 0, result.output
    return shown(page.read_text())


def test_a_history_is_shown_with_its_core_its_nemesis_and_how_far_it_is_legal(
    tmp_path: Path,
) -> None:
    data = viewed(tmp_path, STALE)
    assert data["outcome"] == "broken"
    assert data["periods"] == [[2, 7, "start-partition"]]
    assert data["legal"] == 4  # the second write returned; the read that follows is stale
    assert (data["step"], data["long"]) == ([0, 3, 2, 3], [1, 1, 1, -1])
    assert data["clients"] == ["p0", "p1", "p2"]
    assert {1, 2} <= set(data["culprits"])  # type: ignore[call-overload]


def test_a_history_that_holds_has_no_core(tmp_path: Path) -> None:
    data = viewed(tmp_path, STALE.replace(":read, :value 1", ":read, :value 2"))
    assert (data["outcome"], data["culprits"], data["legal"]) == ("holds", [], -1)


def test_the_property_can_be_chosen(tmp_path: Path) -> None:
    assert viewed(tmp_path, STALE, "--property", "causal-consistency")["outcome"] == "holds"


def test_one_history_of_several_can_be_chosen(tmp_path: Path) -> None:
    cases = (
        '[{"name": "a", "ops": [["w", "x", 1, 0, 1]]}, {"name": "b", "ops": [["r", "x", 7, 0, 1]]}]'
    )
    assert viewed(tmp_path, cases, name="h.json")["title"] == f"{tmp_path}/h.json#b"
    page = tmp_path / "a.html"
    chosen = ["view", f"{tmp_path}/h.json#a", "--out", str(page)]
    assert CliRunner().invoke(main, chosen).exit_code == 0
    assert shown(page.read_text())["outcome"] == "holds"


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("r(1,0,0,1)\n", "h.txt", "transactions without times"),
        ("Dear Sir,\n", "h.txt", "cannot tell the format"),
        ("", "h.edn", "the file is empty"),
    ],
)
def test_what_cannot_be_shown_is_refused(tmp_path: Path, text: str, name: str, words: str) -> None:
    (tmp_path / name).write_text(text)
    result = CliRunner().invoke(main, ["view", str(tmp_path / name)])
    assert result.exit_code == 2
    assert words in result.output


def test_a_page_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "h.edn").write_text(STALE)
    out = tmp_path / "h.edn" / "page.html"
    result = CliRunner().invoke(main, ["view", str(tmp_path / "h.edn"), "--out", str(out)])
    assert result.exit_code == 2


def many(count: int) -> str:
    """Write calls of six clients, most of them overlapping, values all different."""
    random, lines, pending, number = Random(1), [], set[int](), 0
    while number < count or pending:
        client = random.randrange(6)
        if client in pending:
            pending.remove(client)
            lines.append(f"{{:process {client}, :type :info, :f :write, :value nil}}")
            lines[-1] = lines[-1].replace(":info", ":ok")
        elif number < count:
            number += 1
            pending.add(client)
            lines.append(f"{{:process {client}, :type :invoke, :f :write, :value {number}}}")
    return "\n".join(lines)


@pytest.mark.slow
def test_ten_thousand_calls_fit_into_400_kilobytes() -> None:
    (case,) = read_cases(many(10_000), source="made")
    page = timeline_html(timeline_data(check_case(case)))
    assert len(page.encode()) < 400_000


def test_text_of_a_history_is_no_part_of_the_page() -> None:
    (case,) = read_cases("client,type,f,value\n<b>,invoke,write,</script>\n", source="<i>&")
    page = timeline_html(timeline_data(check_case(case)))
    assert "<b>" not in page
    assert "<i>" not in page
    assert page.count("</script>") == 2
    assert shown(page)["clients"] == ["<b>"]


def test_periods_end_with_what_they_began_with() -> None:
    told = [
        ("start-a", 1),
        ("start-b", 2),
        ("start-a", 3),
        ("stop-a", 4),
        ("kill", 5),
        ("start", 6),
    ]
    periods = periods_of([Interference(n, n, what) for what, n in told], 9)
    assert periods == [Period(1, 4, "start-a"), Period(2, 9, "start-b"), Period(5, 6, "kill")]


def test_the_longest_legal_beginning_is_the_longest() -> None:
    """Compared with cutting the history at every rank."""
    random, found = Random(5), 0
    for _ in range(30):
        lines = []
        for _ in range(6):
            client, f, value = (
                random.randrange(3),
                random.choice(("read", "write")),
                random.randrange(3),
            )
            lines.append(f"{{:process {client} :type :invoke :f :{f} :value {value}}}")
            lines.append(f"{{:process {client} :type :ok :f :{f} :value {value}}}")
        (case,) = read_cases("\n".join(lines), source="made")
        if check_case(case).outcome != "broken":
            continue
        found += 1
        assert isinstance(case.history, tuple)
        until = legal_until(case, Wanted(), seconds=60)
        assert until is not None
        for op in case.history:
            part = read_cases("\n".join(lines), source="made")[0]
            cut = type(part)("made", "", beginning(case.history, op.returned), 1)
            assert (check_case(cut).outcome == "broken") == (op.returned > until)
    assert found > 5
