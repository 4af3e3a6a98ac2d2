"""Hypothesis profiles: `dev`, `ci` and `nightly`, registered where the name is free, never loaded.

    pytest --hypothesis-profile nightly

`ci` is Hypothesis's own: the same examples every time, no database, no deadline. It is in force by
itself where the environment says that this is continuous integration, so that a job which means to
search has to say so - with `nightly`.
"""

from __future__ import annotations

# Hypothesis calls `register_profiles` while it is imported itself, by the entry point of that name;
# so it is imported in the functions, by when it is complete.


def register_profiles() -> None:
    """Register the profiles; one of the same name that is there already stays as it is.

    `dev` takes a fifth of a default run, for a glance after each change. `nightly` searches
    fifty times as long, anew each night, and keeps what fails.
    """
    from hypothesis import HealthCheck, settings

    # The parent is named, as otherwise it were the profile in force: on a server that of `ci`.
    calm = settings(settings.get_profile("default"), deadline=None)
    if _is_free("dev"):
        settings.register_profile("dev", calm, max_examples=20)
    if _is_free("ci"):
        settings.register_profile("ci", calm, derandomize=True, database=None, print_blob=True)
    if _is_free("nightly"):
        patient = [HealthCheck.too_slow, HealthCheck.data_too_large]
        settings.register_profile(
            "nightly", calm, max_examples=5_000, print_blob=True, suppress_health_check=patient
        )


def _is_free(name: str) -> bool:
    """Tell whether no profile of this name is registered."""
    from hypothesis import settings
    from hypothesis.errors import InvalidArgument

    try:
        settings.get_profile(name)
    except InvalidArgument:
        return True
    return False
