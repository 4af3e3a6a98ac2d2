"""A campaign for other tools: JSON, JUnit XML, SARIF."""

from __future__ import annotations

import json
from hashlib import blake2s
from importlib.metadata import version
from typing import Any
from xml.etree import ElementTree

from counterpoint.harness.campaign.lead import TRACES
from counterpoint.harness.campaign.shape import shown
from counterpoint.harness.campaign.store import KeptFailure
from counterpoint.harness.campaign.summary import (
    FIXED,
    REPRODUCED,
    CampaignSummary,
    TargetSummary,
    is_of_today,
    moment,
)
from counterpoint.model.inert import plain

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def to_json(summary: CampaignSummary) -> str:
    """Return a campaign as one JSON object."""
    return json.dumps(json_form(summary), indent=2, ensure_ascii=False) + "\n"


def json_form(summary: CampaignSummary) -> dict[str, Any]:
    """Return what a JSON result tells of a campaign."""
    return {
        "outcome": summary.outcome,
        "seed": summary.seed,
        "targets": [_target(target) for target in summary.targets],
        "failures": [_failure(summary, failure) for failure in summary.failures],
    }


def _target(target: TargetSummary) -> dict[str, Any]:
    growth = target.growth
    return {
        "target": target.done.target,
        "outcome": target.outcome,
        "runs": target.done.runs,
        "steps": target.done.steps,
        "completed_calls": target.done.calls,
        "faults": target.done.faults,
        "node_states": target.node_states,
        "transitions": target.transitions,
        "coverage_growth": None if growth is None else growth._asdict(),
        "failing_share_max": None if target.failures else target.failing_share_max,
        "undecided": target.undecided,
        "unconfirmed": [f.file for f in target.failures if f.confirmed != REPRODUCED],
        "fixed": [f.file for f in target.failures if f.now == FIXED],
    }


def _confirmed(target: TargetSummary) -> list[KeptFailure]:
    return [failure for failure in target.failures if is_of_today(failure)]


def _failure(summary: CampaignSummary, failure: KeptFailure) -> dict[str, Any]:
    return {
        "target": failure.target,
        "property": failure.property_name,
        "summary": failure.summary,
        "steps": failure.steps,
        "steps_found": failure.steps_found,
        "faults": failure.faults,
        "shape": shown(failure.shape),
        "times": failure.count,
        "first_seen": moment(failure.first_seen),
        "now": failure.now,
        "trace": f"{TRACES}/{failure.file}",
        "replay": summary.replay_command(failure),
    }


# ---- JUnit ---------------------------------------------------------------------------------------


def to_junit(summary: CampaignSummary) -> str:
    """Return a campaign as a report of tests: each target is one, and fails by what was found."""
    suite = ElementTree.Element(
        "testsuite",
        name="counterpoint campaign",
        tests=str(len(summary.targets)),
        failures=str(sum(target.outcome == "broken" for target in summary.targets)),
        skipped=str(sum(target.outcome == "undecided" for target in summary.targets)),
        errors="0",
    )
    for target in summary.targets:
        case = ElementTree.SubElement(
            suite, "testcase", classname="counterpoint", name=plain(target.done.target)
        )
        _add_outcome(case, summary, target)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _add_outcome(
    case: ElementTree.Element, summary: CampaignSummary, target: TargetSummary
) -> None:
    for failure in _confirmed(target):
        message = plain(f"{failure.property_name}: {failure.summary}")
        found = ElementTree.SubElement(
            case, "failure", type=plain(failure.property_name), message=message
        )
        found.text = f"{failure.steps} steps; {summary.replay_command(failure)}"
    if target.outcome == "undecided":
        ElementTree.SubElement(case, "skipped", message="undecided: too little was examined")
    out = ElementTree.SubElement(case, "system-out")
    out.text = f"{target.done.runs} runs, {target.done.steps} steps, {target.done.calls} calls"


# ---- SARIF ---------------------------------------------------------------------------------------


def to_sarif(summary: CampaignSummary) -> str:
    """Return the failures of a campaign as SARIF 2.1.0, as code scanning takes it.

    The fingerprint is that of target, property and shape, so that a failure is the same one tomorrow.
    """
    rules = sorted({failure.property_name for failure in summary.failures})
    form = {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "counterpoint",
                        "version": version("counterpoint"),
                        "rules": [{"id": name} for name in rules],
                    }
                },
                "results": [_result(summary, failure) for failure in summary.failures],
            }
        ],
    }
    return json.dumps(form, indent=2, ensure_ascii=False) + "\n"


def _result(summary: CampaignSummary, failure: KeptFailure) -> dict[str, Any]:
    text = f"{failure.target}: {failure.property_name}: {failure.summary}"
    mark = f"{failure.target} {failure.property_name} {shown(failure.shape)}"
    location = {"artifactLocation": {"uri": f"{TRACES}/{failure.file}"}, "region": {"startLine": 1}}
    return {
        "ruleId": failure.property_name,
        "level": "error",
        "message": {"text": plain(f"{text} ({summary.replay_command(failure)})")},
        "locations": [{"physicalLocation": location}],
        "partialFingerprints": {
            "counterpoint/1": blake2s(mark.encode(), digest_size=16).hexdigest()
        },
    }
