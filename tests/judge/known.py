"""What is known and not mended yet: such disagreements are cases, and no news.

Each entry goes when its cause is mended; a case that says "known" is then found to pass, and must
lose that word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.judge.comparing import Disagreement
from tests.judge.systems import Drawn

KNOWN: Mapping[str, Callable[[Drawn, str], bool]] = {}
"""The reason, and which searches of which systems it excuses."""


def news(drawn: Drawn, found: list[Disagreement]) -> list[Disagreement]:
    """Return the disagreements that no known reason explains."""
    return [
        each for each in found if not any(is_so(drawn, each.search) for is_so in KNOWN.values())
    ]
