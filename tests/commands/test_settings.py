"""Settings of a factory of one's own: converted by its parameters, refused with a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from click.testing import CliRunner

from counterpoint.harness.cli import main
from counterpoint.harness.settings import BadSetting, arguments


def factory(  # type: ignore[no-untyped-def]  # a parameter may have a default alone
    nodes: int,
    rate: float = 0.5,
    durable: bool = True,
    network: Literal["ordered", "unordered"] = "ordered",
    quorum: int | None = None,
    name: str = "lock",
    depth=3,
) -> None: ...


def test_each_setting_becomes_what_its_parameter_says() -> None:
    typed = {
        "nodes": "5", "rate": "0.25", "durable": "False", "network": "unordered", "quorum": "3",
        "name": "7", "depth": "4",
    }  # fmt: skip
    assert arguments(factory, typed) == {
        "nodes": 5, "rate": 0.25, "durable": False, "network": "unordered", "quorum": 3,
        "name": "7", "depth": 4,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"nodes": "x"}, "setting nodes is 'x'; it must be a whole number"),
        ({"nodes": "3", "durable": "maybe"}, "setting durable is 'maybe'; it must be true|false"),
        ({"nodes": "3", "network": "lossy"}, "it must be ordered|unordered"),
        ({"nodes": "3", "servers": "3"}, "there is no setting 'servers'; settings: nodes=a whole"),
        ({}, "setting nodes is missing: --set nodes=a whole number"),
    ],
)
def test_what_cannot_be_is_refused_with_what_would_be_right(
    settings: dict[str, str], said: str
) -> None:
    with pytest.raises(BadSetting) as refused:
        arguments(factory, settings)
    assert said in str(refused.value)


def test_the_command_line_converts_and_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere.py").write_text(
        "import counterpoint as cp\n"
        "from tests.support.echo import echo\n"
        "def system(durable: bool = True) -> cp.Scenario:\n"
        "    assert durable is False\n"
        "    return echo()\n"
    )
    monkeypatch.chdir(tmp_path)
    asked = ["fuzz", "elsewhere:system", "--runs", "5", "--json"]
    good = CliRunner().invoke(main, [*asked, "--set", "durable=no"])
    assert good.exit_code == 0, good.output
    bad = CliRunner().invoke(main, [*asked, "--set", "durabel=no"])
    assert bad.exit_code == 2
    assert "there is no setting 'durabel'; settings: durable=true|false" in bad.output
