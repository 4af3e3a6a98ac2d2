"""The register in the catalog: right in every scenario, and its wrong variants are found out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from random import Random

import pytest

from counterpoint.harness.systems.register import ENTRY, PLANS
from counterpoint.harness.unknown_name import UnknownName
from counterpoint.impl.register.access import AccessError
from counterpoint.impl.register.messages import NO_READ, NO_WRITE, Read, Refused, Write
from counterpoint.impl.register.protocol import ReplicatedRegister
from counterpoint.impl.register.rules import MUTANTS, RIGHT, RegisterRules
from counterpoint.model.scenario import Scenario, nobody_fails
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.replay import run
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.search.walks.strategy import StrategyName
from counterpoint.model.search.walks.walk import walk
from counterpoint.model.trace import Trace
from tests.support.nights import by_day

MIXED: tuple[StrategyName, ...] = ("pct", "swarm", "uniform")
SOUND = tuple(name for name in PLANS if name != "too_many_silent")


def searched(
    scenario: Scenario, *, runs: int, seed: int = 0, strategy: StrategyName = "pct"
) -> Campaign:
    """A campaign of so many runs, stopped at the first finding."""
    campaign = Campaign(scenario, strategy=strategy, seed=seed, findings_max=1)
    for _ in campaign.search(Budgets(runs=runs)):
        pass
    return campaign


# ---- what is right ------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("runs", by_day(40, 150))
@pytest.mark.parametrize("strategy", MIXED)
@pytest.mark.parametrize("name", SOUND)
def test_the_register_keeps_its_promises(name: str, strategy: StrategyName, runs: int) -> None:
    campaign = searched(ENTRY.scenario(name), runs=runs, strategy=strategy)
    assert [finding.property for finding in campaign.findings] == []
    assert campaign.progress.runs == runs
    assert not campaign.is_idle


@pytest.mark.nightly
@pytest.mark.parametrize("strategy", MIXED)
@pytest.mark.parametrize(
    ("name", "runs"), [("default", 65_000), ("crashes", 5_000), ("demo", 1_500)]
)
def test_the_register_keeps_its_promises_for_long(
    name: str, runs: int, strategy: StrategyName
) -> None:
    campaign = searched(ENTRY.scenario(name), runs=runs, strategy=strategy, seed=1)
    assert [finding.property for finding in campaign.findings] == []
    assert campaign.progress.runs == runs
    assert not campaign.is_idle


@pytest.mark.slow
@pytest.mark.parametrize("name", ["default", "demo"])
def test_every_kind_of_fault_of_a_scenario_takes_part(name: str) -> None:
    scenario = ENTRY.scenario(name)
    campaign = searched(scenario, runs=60, strategy="swarm")
    assert set(campaign.progress.faults) == set(scenario.limits)


@pytest.mark.slow
def test_one_silent_reader_too_many_and_answers_stay_out() -> None:
    campaign = searched(ENTRY.scenario("too_many_silent"), runs=1_000)
    assert [finding.property for finding in campaign.findings] == ["liveness"]
    example = campaign.counterexample(seconds=1_000)
    assert example is not None
    assert "never returned: s5005" in example.verdict.summary
    assert "still waits for" in example.verdict.summary
    assert "(silent)" in example.verdict.summary


# ---- what is wrong ------------------------------------------------------------------------------


def test_each_mutant_differs_from_the_right_rules_in_its_own_way() -> None:
    def differences(rules: RegisterRules) -> frozenset[str]:
        names = (field.name for field in fields(RegisterRules))
        return frozenset(name for name in names if getattr(rules, name) != getattr(RIGHT, name))

    changed = {name: differences(rules) for name, rules in MUTANTS.items()}
    assert changed["B5"] == {"replaces", "is_durable_before_use"}, "an equal stamp, which repeats"
    assert changed["B7"] == {"first_stamp", "clock_jump"}, "a clock, which jumps"
    assert all(len(names) == 1 for mutant, names in changed.items() if mutant not in ("B5", "B7"))
    assert len(set(changed.values())) == len(MUTANTS)


def test_the_catalog_lists_every_mutant() -> None:
    assert list(ENTRY.mutants) == list(MUTANTS) == [f"B{number}" for number in range(1, 11)]


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS)
def test_every_mutant_is_found_out(mutant: str) -> None:
    assert first_broken(mutant, seed=7) in ENTRY.mutants[mutant].breaks


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("mutant", MUTANTS)
def test_every_mutant_is_found_out_whatever_the_seed(mutant: str, seed: int) -> None:
    assert first_broken(mutant, seed=seed) in ENTRY.mutants[mutant].breaks


def first_broken(mutant: str, *, seed: int) -> str | None:
    """The property that a search finds broken in a mutant, None if it finds none."""
    campaign = searched(ENTRY.scenario(mutant=mutant), runs=20_000, seed=seed)
    return campaign.findings[0].property if campaign.findings else None


# ---- settings -----------------------------------------------------------------------------------


def test_the_default_scenario_is_the_documented_one() -> None:
    scenario = ENTRY.scenario()
    assert scenario.system.nodes == ("c1", "c2", "c3", "s50052", "s50053", "s50054", "s50055")
    assert scenario.fixed_calls == {
        "c1": (Write(4, "v1", 0, 2, 4, "s50052"), Write(4, "v2", 0, 2, 4, "s50052")),
        "c2": (Read(4, "s50053"), Read(4, "s50053")),
        "c3": (Read(4, "s50054"), Read(4, "s50054")),
    }
    assert scenario.depends_on("c2", Read(4, "s50053")) == ("c2", "s50053")
    assert scenario.tolerates(("s50052", "s50053"), {}), "the writer and one reader of three"
    assert not scenario.tolerates(("s50053", "s50054"), {})
    assert not scenario.tolerates(("c1",), {})


def test_the_demo_has_calls_that_must_be_refused() -> None:
    scenario = ENTRY.scenario("demo")
    system = scenario.system
    assert isinstance(system, ReplicatedRegister)
    write, read, unknown_write, unknown_read = scenario.fixed_calls["c4"]
    assert isinstance(write, Write)
    assert isinstance(read, Read)
    assert isinstance(unknown_write, Write)
    assert isinstance(unknown_read, Read)
    assert not system.access.may_write(write.at, write.token)
    assert not system.access.may_read(read.at, read.token)
    assert system.access.token(unknown_write.token) is None
    assert system.access.token(unknown_read.token) is None
    trace = calm_run(scenario)
    assert [e.value for e in trace.events if e.kind == "return" and e.node == "c4"] == [
        Refused(NO_WRITE),
        Refused(NO_READ),
        Refused(NO_WRITE),
        Refused(NO_READ),
    ]
    assert sum(event.kind == "return" for event in trace.events) == 4 + 4 + 4 + 4


def calm_run(scenario: Scenario) -> Trace:
    """A whole run in which nothing goes wrong."""
    calm = scenario.replace(limits={}, tolerates=nobody_fails)
    walked = walk(Compiled(calm), Random(1), "uniform")
    return run(calm, walked.run.choices)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"writes": "many"}, "setting writes is 'many'; it must be a whole number from 0 to 9"),
        ({"reads": "10"}, "setting reads is '10'; it must be a whole number from 0 to 9"),
        ({"token": "7"}, "the configuration has no token 7; it has: 1, 2, 3, 4"),
        ({"config": "nowhere.yaml"}, "setting config: 'nowhere.yaml' cannot be read: No such file"),
    ],
)
def test_a_wrong_setting_is_explained(settings: Mapping[str, str], complaint: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the text is compared below
        ENTRY.scenario(settings=settings)
    assert str(raised.value).startswith(complaint)


def test_an_unknown_setting_is_explained() -> None:
    with pytest.raises(UnknownName, match=r"'colour' is no setting of register; there are: config"):
        ENTRY.scenario(settings={"colour": "red"})


@pytest.mark.parametrize("name", PLANS)
def test_a_configuration_of_ones_own(name: str, tmp_path: Path) -> None:
    config = tmp_path / "own.yaml"
    config.write_text("- {token: 8, writer: 'h:1', readers: ['h:2', 'i:3', 'h:4', 'h:5', 'h:6']}\n")
    scenario = ENTRY.scenario(name, settings={"config": str(config)})
    assert {"h:1", "h:2", "i:3", "h:4", "h:5", "h:6"} <= set(scenario.system.nodes)
    assert scenario.origin["set.config"] == str(config)
    campaign = searched(scenario, runs=20, seed=1)
    assert campaign.progress.completed_calls > 20


def test_a_demonstration_needs_three_readers(tmp_path: Path) -> None:
    config = tmp_path / "small.yaml"
    config.write_text("- {token: 8, writer: 'h:1', readers: ['h:1', 'h:2']}\n")
    with pytest.raises(
        ValueError, match="slow_replica needs a token with 3 readers; token 8 has 2"
    ):
        ENTRY.scenario("slow_replica", settings={"config": str(config)})


def test_an_unclear_configuration_is_an_error_of_the_configuration(tmp_path: Path) -> None:
    config = tmp_path / "bad.yaml"
    config.write_text("- {token: 8, writer: 'h:1'}\n")
    with pytest.raises(AccessError, match=r"bad\.yaml:1: token 8: 'readers' is missing"):
        ENTRY.scenario(settings={"config": str(config)})
