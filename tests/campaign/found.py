"""Tell which targets of a campaign are broken: `python -m tests.campaign.found FOLDER`.

Of wrong variants all should be; it ends with 1 where one is not.
"""

from __future__ import annotations

import sys
from pathlib import Path

from counterpoint.harness.campaign.store import CampaignStore
from counterpoint.harness.campaign.summary import CampaignSummary, summary_of


def missed(summary: CampaignSummary) -> list[str]:
    """Return the targets of which no failure was confirmed."""
    return [target.done.target for target in summary.targets if target.outcome != "broken"]


def main() -> None:
    """Print a line, and one for each target that was missed."""
    with CampaignStore(Path(sys.argv[1])) as store:
        summary = summary_of(store)
    names = missed(summary)
    print(f"{len(summary.targets) - len(names)} of {len(summary.targets)} found")
    for target in summary.targets:
        if target.done.target in names:
            print(f"  missed: {target.done.target} in {target.done.runs:,} runs")
    sys.exit(1 if names else 0)


if __name__ == "__main__":
    main()
