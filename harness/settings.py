"""Settings as a person types them, made what a factory of one's own wants: `--set nodes=5`.

The parameters of the factory say what that is, by their annotation or else by their default.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping
from typing import Any, Literal, Union, get_args, get_origin

from counterpoint.model.inert import plain, quoted

WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
"""How a truth value may be typed."""


class BadSetting(ValueError):
    """A setting that the factory does not have, or a value that it cannot be."""


def arguments(factory: Callable[..., object], settings: Mapping[str, str]) -> dict[str, object]:
    """Return the keyword arguments that the settings are for this factory.

    >>> def lock(clients: int = 2, fair: bool = True, network: Literal["ordered"] = "ordered"): ...
    >>> arguments(lock, {"clients": "3", "fair": "no"})
    {'clients': 3, 'fair': False}

    Raises:
        BadSetting: an unknown setting, one that is missing, or a value of another kind.
    """
    parameters = _parameters(factory)
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    known = {name: p for name, p in parameters.items() if p.kind not in _NAMELESS}
    for key in settings:
        if key not in known and not takes_any:
            raise BadSetting(f"there is no setting {quoted(key)}; {_listed(known)}")
    for name, parameter in known.items():
        if parameter.default is parameter.empty and name not in settings:
            raise BadSetting(
                f"setting {plain(name, 40)} is missing: --set {name}={_what(_wanted(parameter))}"
            )
    return {
        key: _converted(key, text, _wanted(known[key])) if key in known else text
        for key, text in settings.items()
    }


def described_settings(factory: Callable[..., object]) -> dict[str, str]:
    """Return what each setting of a factory can be, and what it is otherwise.

    >>> def lock(clients: int = 2, fair: bool = True): ...
    >>> described_settings(lock)
    {'clients': 'a whole number [2]', 'fair': 'true|false [true]'}
    """
    known = {n: p for n, p in _parameters(factory).items() if p.kind not in _NAMELESS}
    return {name: f"{_what(_wanted(p))}{_default(p)}" for name, p in known.items()}


def _default(parameter: inspect.Parameter) -> str:
    if parameter.default is parameter.empty or parameter.default is None:
        return ""
    text = str(parameter.default)
    return f" [{text.lower() if isinstance(parameter.default, bool) else text}]"


_NAMELESS = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.VAR_POSITIONAL,
    inspect.Parameter.VAR_KEYWORD,
)


def _parameters(factory: Callable[..., object]) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(factory, eval_str=True).parameters
    except NameError:  # an annotation that only a type checker imports
        return inspect.signature(factory).parameters


def _listed(known: Mapping[str, inspect.Parameter]) -> str:
    if not known:
        return "the factory has no settings"
    return f"settings: {', '.join(f'{name}={_what(_wanted(p))}' for name, p in known.items())}"


def _wanted(parameter: inspect.Parameter) -> Any:
    """The type of a parameter: as annotated, without None, or else that of its default."""
    annotation: Any = parameter.annotation
    if get_origin(annotation) in (types.UnionType, Union):
        alternatives = [one for one in get_args(annotation) if one is not type(None)]
        annotation = alternatives[0] if len(alternatives) == 1 else str
    if annotation in (bool, int, float, str) or get_origin(annotation) is Literal:
        return annotation
    return type(parameter.default) if type(parameter.default) in (bool, int, float) else str


def _what(wanted: Any) -> str:
    if get_origin(wanted) is Literal:
        return "|".join(map(str, get_args(wanted)))
    return {bool: "true|false", int: "a whole number", float: "a number"}.get(wanted, "text")


def _converted(key: str, text: str, wanted: Any) -> object:
    if get_origin(wanted) is Literal:
        found = next((value for value in get_args(wanted) if str(value) == text), None)
        if found is None:
            raise BadSetting(
                f"setting {plain(key, 40)} is {quoted(text)}; it must be {_what(wanted)}"
            )
        return found
    try:
        return WORDS[text.lower()] if wanted is bool else wanted(text)
    except (KeyError, ValueError):
        raise BadSetting(
            f"setting {plain(key, 40)} is {quoted(text)}; it must be {_what(wanted)}"
        ) from None
