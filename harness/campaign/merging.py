"""Several campaigns as one: what shards on several machines have found, nothing lost, nothing twice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from counterpoint.harness.campaign.lead import TRACES, floors_of, plan_of
from counterpoint.harness.campaign.lead_lock import led_alone
from counterpoint.harness.campaign.shape import contains
from counterpoint.harness.campaign.store import CampaignStore, KeptFailure
from counterpoint.harness.campaign.summary import REPRODUCED
from counterpoint.harness.campaign.targets import CampaignPlan
from counterpoint.model.writing import replacing


def merge(folders: Sequence[Path], out: Path) -> None:
    """Put the campaigns of these folders into one: blocks and findings that two have count once.

    Raises:
        NoCampaign: one of the folders holds none.
        ValueError: a campaign is being led where this one is to be.
    """
    with ExitStack() as opened:
        stores = [opened.enter_context(CampaignStore(folder)) for folder in folders]
        target = opened.enter_context(CampaignStore(out, is_new=True))
        opened.enter_context(led_alone(out))
        shares = [one.coverage.first_shares(runs_by_target(one)) for one in (target, *stores)]
        with target.transaction():
            for store in stores:
                _merge_one(store, target)
            target.coverage.rewrite(shares, runs_by_target(target))
        _write_traces(target)


def runs_by_target(store: CampaignStore) -> dict[str, int]:
    """Return how many runs were made of each target."""
    return {kept.target: kept.runs for kept in store.targets()}


def _merge_one(store: CampaignStore, target: CampaignStore) -> None:
    theirs = plan_of(store)
    ours = theirs if target.meta("plan") is None else plan_of(target)
    target.note("plan", json.dumps(_together(ours, theirs).form()))
    target.note("code", store.meta("code") or "")
    target.note("floors", json.dumps({**floors_of(target), **floors_of(store)}))
    for row in store.rows("blocks"):
        target.take_row("blocks", row)
    renamed = {failure.id: _take_failure(target, failure) for failure in store.failures()}
    for row in store.rows("findings"):
        kept = {key: value for key, value in row.items() if key != "id"}
        failure = renamed.get(row["failure"])
        target.take_row("findings", {**kept, "failure": failure})


def _together(one: CampaignPlan, other: CampaignPlan) -> CampaignPlan:
    """Return a plan of the targets of two; a merged campaign is no part of anything."""
    targets = tuple(dict.fromkeys((*one.targets, *other.targets)))
    return replace(one, targets=targets, shard=(0, 1))


def _take_failure(target: CampaignStore, failure: KeptFailure) -> int:
    """Keep the shorter of two traces of one failure, of equal ones one that was reproduced."""
    for known in target.failures():
        if (known.target, known.property_name) != (failure.target, failure.property_name):
            continue
        is_larger = contains(known.shape, failure.shape)
        if not is_larger and not contains(failure.shape, known.shape):
            continue
        is_better = is_larger and (known.shape != failure.shape or known.confirmed != REPRODUCED)
        if is_better:
            target.replace_failure(known.id, failure)
        target.seen_at(known.id, failure.first_seen)
        return known.id
    return target.insert_failure(failure)


def _write_traces(target: CampaignStore) -> None:
    for failure in target.failures():
        with replacing(target.folder / TRACES / failure.file) as file:
            file.write(failure.lines.encode() + b"\n")
