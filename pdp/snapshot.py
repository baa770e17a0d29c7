"""Everything one decision reads, as a single immutable value, and the reference that is swapped on activation.

A request takes ``Snapshots.current()`` once and never looks again (invariant 5). Activation builds a whole new snapshot
beside the one in force and swaps the reference; a bundle that cannot be used leaves the last good one where it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pdp.errors import BundleError, EncoderError, EncoderMismatch, NotReady, Problem
from pdp.intent.authority import AuthorityProfile, profile, risk
from pdp.intent.calibration import Calibration
from pdp.intent.encoder import Encoder
from pdp.intent.grid import Vectors
from pdp.intent.index import ExemplarIndex
from pdp.linear import FILE, FIX
from pdp.policy.admission import Admission
from pdp.policy.bundle import load
from pdp.policy.model import Bundle, Intent, Mode, Rule
from pdp.policy.rules import RuleSet, problems
from pdp.scoring import Head

# The pair model has seen a few; a long list would only push the description out of sight.
MOST_ACTIONS = 8


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One bundle, ready to decide with. Intents are addressed by column, their place in ``bundle.intents``.

    ``enforced`` (false: shadow), ``rules`` and ``profiles`` are by column: what applies when that intent is matched,
    global rules first. ``described`` is each intent in one line, as the pair model reads it;
    ``linear_rows`` the row of an intent in the bundle's linear head.
    """

    bundle: Bundle
    encoder: str
    admission: Admission
    index: ExemplarIndex
    calibration: Calibration
    enforced: NDArray[np.bool_]
    rules: tuple[RuleSet, ...]
    profiles: tuple[AuthorityProfile, ...]
    head: Head
    model_head: Head
    described: tuple[str, ...]
    linear_rows: dict[int, int]


def build(bundle: Bundle, encoder: Encoder, known: Mapping[str, Vectors] | None = None) -> Snapshot:
    """Index, calibrate and compile ``bundle``. ``known`` holds vectors of texts that were encoded before.

    Raises ``EncoderMismatch`` when the calibration belongs to another encoder, ``BundleError`` when a rule does not
    compile or the linear head has another width, ``EncoderError`` when the model fails.
    """
    if bundle.calibration.encoder != encoder.fingerprint:
        raise EncoderMismatch((_mismatch(bundle.calibration.encoder, encoder.fingerprint),))
    intents = bundle.intents
    described = tuple(map(describe, intents))
    if wrong := (*_too_long(bundle, described, encoder), *_headless(bundle)):
        raise BundleError(wrong)
    compiled = RuleSet.compile(every_rule(bundle), bundle.settings)
    profiles = _LATEST.profiles(intents)
    limits = [(i.id, risk(granted), i.thresholds) for i, granted in zip(intents, profiles, strict=True)]
    return Snapshot(
        bundle=bundle,
        encoder=encoder.fingerprint,
        admission=Admission(bundle),
        index=ExemplarIndex.build([(i.id, i.exemplars, i.counter_exemplars) for i in intents], encoder.encode, known),
        calibration=Calibration.from_data(bundle.calibration, limits),
        enforced=np.array([i.mode is Mode.ENFORCE for i in intents], dtype=np.bool_),
        rules=tuple(compiled.only((*bundle.rules, *i.rules)) for i in intents),
        profiles=profiles,
        head=bundle.calibration.head or encoder.head,
        model_head=encoder.head,
        described=described,
        linear_rows=_linear_rows(bundle, encoder),
    )


def rulebook(bundle: Bundle) -> Snapshot:
    """``bundle`` ready to judge what is matched already, without a model: it can match nothing itself.

    Raises ``BundleError`` when a rule does not compile.
    """
    compiled = RuleSet.compile(every_rule(bundle), bundle.settings)
    intents = bundle.intents
    profiles = _LATEST.profiles(intents)
    limits = [(i.id, risk(granted), i.thresholds) for i, granted in zip(intents, profiles, strict=True)]
    head = bundle.calibration.head or Head()
    return Snapshot(
        bundle=bundle,
        encoder=bundle.calibration.encoder,
        admission=Admission(bundle),
        index=ExemplarIndex.build([(i.id, (), ()) for i in intents], _unread),
        calibration=Calibration.from_data(bundle.calibration, limits),
        enforced=np.array([i.mode is Mode.ENFORCE for i in intents], dtype=np.bool_),
        rules=tuple(compiled.only((*bundle.rules, *i.rules)) for i in intents),
        profiles=profiles,
        head=head,
        model_head=head,
        described=tuple(describe(i) for i in intents),
        linear_rows={},
    )


class _Latest:
    """The profiles of the newest bundle: a reload finds those of all intents that did not change."""

    def __init__(self) -> None:
        self._kept: Mapping[tuple[tuple[str, ...], tuple[str, ...]], AuthorityProfile] = {}

    def profiles(self, intents: Sequence[Intent]) -> tuple[AuthorityProfile, ...]:
        """What each intent grants."""
        keys = [(tuple(e.text for e in i.exemplars), i.actions) for i in intents]
        kept = self._kept
        made = {key: kept[key] if key in kept else profile(*key) for key in dict.fromkeys(keys)}
        self._kept = made
        return tuple(made[key] for key in keys)


_LATEST: Final = _Latest()


def _unread(_texts: Sequence[str]) -> Vectors:
    raise EncoderError("a rulebook has no model")


def _linear_rows(bundle: Bundle, encoder: Encoder) -> dict[int, int]:
    if bundle.linear is None:
        return {}
    width, needed = bundle.linear.mean.size, 2 * encoder.dimension
    if width != needed:
        raise BundleError((Problem(FILE, 1, 1, f"'mean' has {width} numbers, this encoder needs {needed}", FIX),))
    rows = {name: row for row, name in enumerate(bundle.linear.intents)}
    return {column: rows[i.id] for column, i in enumerate(bundle.intents) if i.id in rows}


def _too_long(bundle: Bundle, described: tuple[str, ...], encoder: Encoder) -> Iterator[Problem]:
    """Texts that the model cannot read whole; nothing is ever cut."""
    for intent, line in zip(bundle.intents, described, strict=True):
        texts = [("the description with targets and actions", line, intent.position)]
        texts += [("an exemplar", e.text, e.position) for e in (*intent.exemplars, *intent.counter_exemplars)]
        for what, text, place in texts:
            # A token is a character at least, so short texts need not be counted.
            if len(text) > encoder.max_tokens - 2 and (tokens := encoder.count_tokens(text)) > encoder.max_tokens:
                message = f"{what} of {intent.id} has {tokens} tokens, the model reads {encoder.max_tokens}"
                yield Problem(place.file, place.line, place.column, message, "shorten it")


def _headless(bundle: Bundle) -> Iterator[Problem]:
    if bundle.linear is None and bundle.calibration.head and bundle.calibration.head.linear:
        fix = "put head.json back, or the calibration.json that came before it"
        yield Problem("calibration.json", 1, 1, "'head' counts on a linear head, and there is no head.json", fix)


def describe(intent: Intent) -> str:
    """The intent in one line: description, kinds of target, actions."""
    return one_line(intent.description, tuple(dict.fromkeys(t.kind for t in intent.targets)), intent.actions)


def one_line(description: str, kinds: Sequence[str], actions: Sequence[str]) -> str:
    """What the pair model reads of an intent beside its exemplars; it is trained on the very same form."""
    return f"{description} Target: {', '.join(kinds)}. Actions: {', '.join(actions[:MOST_ACTIONS])}."


def read(directory: Path, encoder: Encoder, known: Mapping[str, Vectors] | None = None) -> Snapshot:
    """Load the bundle in ``directory`` and build it. Raises ``BundleError`` with every problem found."""
    return build(load(directory, check_rules=problems), encoder, known)


def every_rule(bundle: Bundle) -> tuple[Rule, ...]:
    """Global rules first, then each intent's own, in bundle order."""
    return (*bundle.rules, *(r for i in bundle.intents for r in i.rules))


def _mismatch(named: str, loaded: str) -> Problem:
    fix = f"loaded is {loaded}; recalibrate with python -m training.calibrate, or load the encoder named"
    return Problem("calibration.json", 1, 1, f"made for encoder {named}", fix)


class Snapshots:
    """The snapshot in force. Reading and swapping are single reference operations, so no reader ever sees a mixture."""

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        self._current = snapshot

    def current(self) -> Snapshot:
        """The snapshot in force. Raises ``NotReady`` before the first activation."""
        snapshot = self._current
        if snapshot is None:
            raise NotReady("no bundle is active yet; wait until health says SERVING")
        return snapshot

    def peek(self) -> Snapshot | None:
        """The snapshot in force, if there is one."""
        return self._current

    def swap(self, snapshot: Snapshot) -> None:
        """Put ``snapshot`` in force."""
        self._current = snapshot
