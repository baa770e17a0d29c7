"""Holding what was declared against what a payload says by itself.

Each payload kind is read into a ``Native`` without a look at the declared pair. ``settle`` then compares: what was left
empty is filled in, what is true is kept, everything else is named as a mismatch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pdp.types import Access, Action, Derived, Json, JsonObject, Target

SHOWN_CHARACTERS: Final = 80


class NotUnderstood(ValueError):
    """The payload cannot be read with certainty. The text says why, without quoting more than a few characters."""


@dataclass(frozen=True, slots=True)
class Description:
    """One true way to name the target. ``name`` is ``None`` where the payload leaves it open and any name will do.

    ``target`` is what the decision is made on when this description is the one declared; ``None`` keeps the declared
    one.
    """

    kind: str
    name: str | None
    target: Target | None = None


@dataclass(frozen=True, slots=True)
class Native:
    """What one payload says by itself.

    ``descriptions`` are further true names of ``target``; ``action_names`` further true names of ``action``, lower
    case;
    ``contradictions`` are disagreements inside the payload. With ``whole_params`` declared params must be all of the
    payload's; with ``any_target`` the payload does not tell the target and any declared one stands.
    """

    kind: str
    target: Target
    action: Action
    access: Access
    facts: JsonObject
    descriptions: tuple[Description, ...] = ()
    action_names: frozenset[str] = frozenset()
    contradictions: tuple[str, ...] = ()
    whole_params: bool = False
    any_target: bool = False


def settle(native: Native, target: Target, action: Action) -> Derived:
    """Compare the declared pair with ``native``; every disagreement becomes a mismatch in words."""
    mismatches = list(native.contradictions)
    settled = _settle_target(native, target, mismatches)
    _compare_action(native, action, mismatches)
    _compare_params(native, action.params, mismatches)
    return Derived(
        kind=native.kind,
        target=settled,
        action=native.action,
        access=native.access,
        parsed=True,
        facts=native.facts,
        mismatches=tuple(mismatches),
    )


def not_understood(kind: str, target: Target, action: Action, problem: str) -> Derived:
    """The answer for a payload that cannot be read: most dangerous class, declared pair kept, reason as a fact."""
    facts: JsonObject = {"problem": problem, "flags": ["not_understood"]}
    return Derived(kind=kind, target=target, action=action, access=Access.UNKNOWN, parsed=False, facts=facts)


def shown(text: str) -> str:
    """``text`` quoted for a message, cut to a length that fits a log line."""
    return repr(text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…")


def _settle_target(native: Native, declared: Target, mismatches: list[str]) -> Target:
    derived = native.target
    settled = derived
    if native.any_target:
        settled = Target(declared.kind or derived.kind, declared.name or derived.name)
    elif declared.kind or declared.name:
        match = _matching(native, declared)
        if match is None:
            mismatches.append(_target_words(declared, derived))
        elif match.target is not None:
            settled = match.target
        else:
            settled = Target(match.kind, match.name if match.name is not None else declared.name)
    return Target(settled.kind, settled.name, _attributes(declared.attributes, derived.attributes, mismatches))


def _matching(native: Native, declared: Target) -> Description | None:
    derived = native.target
    for description in (Description(derived.kind, derived.name, derived), *native.descriptions):
        if not _open_or_same(declared.kind, description.kind):
            continue
        if description.name is None or _open_or_same(declared.name, description.name):
            return description
    return None


def _open_or_same(declared: str, true: str) -> bool:
    return not declared or declared == true or declared.casefold() == true.casefold()


def _target_words(declared: Target, derived: Target) -> str:
    said = " ".join(filter(None, (declared.kind, shown(declared.name) if declared.name else "")))
    return f"target: declared {said}, but the payload acts on {derived.kind} {shown(derived.name)}"


def _attributes(declared: JsonObject, derived: JsonObject, mismatches: list[str]) -> JsonObject:
    mismatches.extend(
        f"target.attributes.{key}: declared value differs from the payload's"
        for key in sorted(declared.keys() & derived.keys())
        if not same(declared[key], derived[key])
    )
    return {**declared, **derived} if derived else declared


def _compare_action(native: Native, declared: Action, mismatches: list[str]) -> None:
    name = declared.name.casefold()
    if name and name != native.action.name.casefold() and name not in native.action_names:
        mismatches.append(f"action: declared {shown(declared.name)}, but the payload does {shown(native.action.name)}")


def _compare_params(native: Native, declared: JsonObject, mismatches: list[str]) -> None:
    if not declared:
        return
    derived = native.action.params
    for key in sorted(declared):
        if key not in derived:
            mismatches.append(f"action.params.{key}: declared, but not borne out by the payload")
        elif not same(declared[key], derived[key]):
            mismatches.append(f"action.params.{key}: declared value differs from the payload's")
    if native.whole_params:
        left_out = sorted(derived.keys() - declared.keys())
        mismatches.extend(
            f"action.params.{key}: in the payload, but left out of the declared params" for key in left_out
        )


def same(left: Json, right: Json) -> bool:
    """Equality of JSON values: ``1`` equals ``1.0``, ``True`` equals neither, order counts in arrays only."""
    pending = [(left, right)]
    while pending:
        a, b = pending.pop()
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            if a.keys() != b.keys():
                return False
            pending.extend((a[k], b[k]) for k in a)
        elif _is_array(a) and _is_array(b):
            if len(a) != len(b):  # type: ignore[arg-type]
                return False
            pending.extend(zip(a, b, strict=True))  # type: ignore[arg-type]
        elif isinstance(a, bool) is not isinstance(b, bool) or a != b:
            return False
    return True


def _is_array(value: Json) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def distinct(items: Iterable[str]) -> list[str]:
    """``items`` without repeats, first occurrence kept."""
    return list(dict.fromkeys(items))
