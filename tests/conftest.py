"""What holds for every test: Hypothesis measures none of them, since the machine may be busy."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("untimed", settings.default, deadline=None)
settings.load_profile("untimed")
