"""A sequential specification of one's own, from "module:Class": imported, tried and made a model."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Hashable
from typing import cast

from counterpoint.checkers.history import UNKNOWN, History
from counterpoint.checkers.objects.sequential import Specification
from counterpoint.harness.checking.forms import CannotCheck
from counterpoint.harness.checking.models import Model
from counterpoint.model.inert import plain, quoted
from counterpoint.model.mistakes import AUTHORS_ERRORS


def own_model(name: str) -> Model:
    """Return the model behind "module:Class", as its user has typed it.

    The class is called with the initial value if one is given, else with nothing; a specification
    that was made already is taken as it is.

    Raises:
        CannotCheck: there is no such thing, or it is no specification.
    """
    module_name, _, attribute = name.partition(":")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        found: object = getattr(importlib.import_module(module_name), attribute)
    except ModuleNotFoundError as error:
        raise CannotCheck(f"{name}: there is no module {error.name!r} from here") from None
    except AttributeError:
        raise CannotCheck(f"{name}: module {module_name!r} has no {attribute!r}") from None
    except AUTHORS_ERRORS as error:
        what = plain(f"{type(error).__name__}: {error}")
        raise CannotCheck(f"{name}: importing it failed: {what}") from None

    def specify(_history: History, initial: Hashable) -> Specification:
        made = _made(found, initial, name) if isinstance(found, type) else found
        if not (hasattr(made, "initial") and callable(getattr(made, "step", None))):
            raise CannotCheck(
                f"{name} is no sequential specification: it needs an attribute initial and a "
                "method step(state, f, argument, result)"
            )
        return cast(Specification, made)

    return Model(name, "a specification of your own", (), "linearizability", specify=specify)


def _made(kind: Callable[..., object], initial: Hashable, name: str) -> object:
    try:
        return kind() if initial is None or initial is UNKNOWN else kind(initial)
    except TypeError as error:
        given = "nothing" if initial is None else f"the initial value {quoted(initial)}"
        raise CannotCheck(f"{name} cannot be made of {given}: {plain(str(error))}") from None
