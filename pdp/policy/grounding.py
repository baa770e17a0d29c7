r"""Whether a value occurs in the utterance: the test that an argument was not made up or planted.

A string occurs when its words stand in the utterance in order, letter case and runs of white space aside, and not as
a part of something longer: no letter, digit or underscore may touch it, nothing may be joined on in front with ``@ /
\ . - + % ~ : =`` or ``&``, nor behind with one of these and a letter or digit. So ``bob@x.com`` does not occur in
``jim.bob@x.com`` or ``bob@x.com.evil``, and ``/srv/a`` not in ``/srv/a/b``; a full stop that ends a sentence joins
nothing. A number occurs when the same number is written in digits, with or without thousands commas. A date
``2026-01-05`` occurs also as ``5 January 2026``, ``January 5th, 2026`` or ``05.01.2026``, a time of day ``15:00``
also as ``3 pm`` or ``3:00 pm``; a date with a time needs both. Booleans, null and empty strings say nothing and
always occur; keys of objects are not looked at.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from pdp.types import Json

_JOINERS: Final = r"@/\\.\-+%~:=&"
_BEFORE: Final = rf"(?<![\w{_JOINERS}])"
_AFTER: Final = rf"(?!\w)(?![{_JOINERS}]+\w)"
_NUMBER: Final = re.compile(rf"{_BEFORE}(-?(?:\d{{1,3}}(?:,\d{{3}})+|\d+)(?:\.\d+)?)(?:st|nd|rd|th)?{_AFTER}")
_PLAIN: Final = re.compile(r"-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
_MOMENT: Final = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})(?:[t ](\d{2}):(\d{2})(?::\d{2}(?:\.\d+)?)?(?:z|[+-]\d{2}:\d{2})?)?"
)
_TIME: Final = re.compile(r"(\d{1,2}):(\d{2})(?::00)?")
# A leaf this many times as long as the utterance is not looked at any closer: it cannot be a spelling of a part of it.
_LONGEST_SPELLING: Final = 8
_MONTHS: Final = "january february march april may june july august september october november december".split()


@dataclass(frozen=True, slots=True)
class Ground:
    """An utterance, ready to look things up in. ``text`` is its comparable form."""

    text: str
    numbers: frozenset[Decimal]

    @classmethod
    def of(cls, utterance: str) -> Ground:
        """Read an utterance (its canonical form)."""
        text = comparable(utterance)
        return cls(text, frozenset(_number(n) for n in _NUMBER.findall(text)))

    def holds(self, value: Json) -> bool:
        """Whether every string and number in ``value`` occurs."""
        return all(self._holds_leaf(leaf) for leaf in leaves(value))

    def _holds_leaf(self, leaf: str | float) -> bool:
        if not isinstance(leaf, str):
            return Decimal(leaf if isinstance(leaf, int) else repr(leaf)) in self.numbers
        if len(leaf) > _LONGEST_SPELLING * (len(self.text) + 1):
            return False
        text = comparable(leaf)
        if not text or self._occurs(text) or self._as_moment(text):
            return True
        return _PLAIN.fullmatch(text) is not None and _number(text) in self.numbers

    def _occurs(self, text: str) -> bool:
        return text in self.text and _whole(text).search(self.text) is not None

    def _as_moment(self, text: str) -> bool:
        moment, time = _MOMENT.fullmatch(text), _TIME.fullmatch(text)
        if time:
            return self._any(_time_forms(int(time[1]), time[2]))
        if not moment:
            return False
        year, month, day, hour, minute = moment.groups()
        if not 1 <= int(month) <= len(_MONTHS):
            return False
        dated = self._any(_date_forms(year, int(month), int(day)))
        return dated and (hour is None or self._any(_time_forms(int(hour), minute)))

    def _any(self, forms: Iterator[str]) -> bool:
        return any(self._occurs(form) for form in forms)


def comparable(text: str) -> str:
    """Compatibility form, letter case folded, white space collapsed."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _number(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def leaves(value: Json) -> Iterator[str | float]:
    """Every string and number in ``value``, keys left out."""
    pending: list[Json] = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, Mapping):
            pending.extend(item.values())
        elif isinstance(item, Sequence):
            pending.extend(item)
        elif item is not None and not isinstance(item, bool):
            yield item


@functools.lru_cache(1024)
def _whole(text: str) -> re.Pattern[str]:
    return re.compile(_BEFORE + re.escape(text) + _AFTER)


def _date_forms(year: str, month: int, day: int) -> Iterator[str]:
    yield f"{year}-{month:02}-{day:02}"
    ending = {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th") if day not in {11, 12, 13} else "th"
    full = _MONTHS[month - 1]
    for name in (full, full[:3], full[:3] + "."):
        for number in (f"{day}", f"{day:02}", f"{day}{ending}"):
            yield f"{name} {number} {year}"
            yield f"{name} {number}, {year}"
            yield f"{number} {name} {year}"
            yield f"{number} of {name} {year}"
    yield f"{day:02}.{month:02}.{year}"
    yield f"{day}.{month}.{year}"


def _time_forms(hour: int, minute: str) -> Iterator[str]:
    yield f"{hour:02}:{minute}"
    yield f"{hour}:{minute}"
    half = "am" if hour < 12 else "pm"
    twelve = (hour - 1) % 12 + 1
    for gap in ("", " "):
        yield f"{twelve}:{minute}{gap}{half}"
        if minute == "00":
            yield f"{twelve}{gap}{half}"
