"""What shell text is made of: words with their quotes resolved and their expansions marked, and operators."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from pdp.native.agreement import NotUnderstood

ASSIGNMENT: Final = re.compile(r"([A-Za-z_]\w*)(?:\[[^\]]*\])?\+?=")
CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_IN_BRACES: Final = re.compile(r"\{([^{}\s]*)\}")
_SAFE_VARIABLES: Final = frozenset("?$#!-")
_ANSI: Final = re.compile(
    r"\\(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([0-7]{1,3})|c(.)|(.))", re.DOTALL
)
_ANSI_LETTERS: Final = dict(zip("ntrabeEfv", "\n\t\r\a\b\x1b\x1b\f\v", strict=True))


class Word(NamedTuple):
    """One word. ``text`` has its quotes removed and its expansions as written.

    ``dynamic`` says that only the shell knows the final text; ``variables`` and ``substitutes`` say what of. The
    ``open_`` ones could turn into further words or lead the word, and so become an option. ``assigns`` is the variable
    of ``name=value``.
    """

    text: str
    quoted: bool = False
    dynamic: bool = False
    variables: tuple[str, ...] = ()
    substitutes: bool = False
    open_variables: tuple[str, ...] = ()
    open_substitution: bool = False
    assigns: str = ""
    globs: bool = False


Token: TypeAlias = Word | str
"""A word, or the text of an operator (a newline counts as one)."""


@dataclass(slots=True)
class Draft:
    """A word while it is read. ``bare`` are its unquoted pieces."""

    parts: list[str] = field(default_factory=list)
    quoted: bool = False
    dynamic: bool = False
    variables: list[str] = field(default_factory=list)
    substitutes: bool = False
    open_variables: list[str] = field(default_factory=list)
    open_substitution: bool = False
    bare: list[str] = field(default_factory=list)

    def expands(self, variable: str, *, quoted: bool) -> None:
        """Note an expansion; one that is unquoted or leads the word may become an option."""
        leading = not any(self.parts)
        exposed = variable not in _SAFE_VARIABLES and (leading or not quoted)
        self.dynamic = True
        if variable:
            self.variables.append(variable)
            if exposed:
                self.open_variables.append(variable)
        else:
            self.substitutes = True
            self.open_substitution = self.open_substitution or exposed

    def finish(self) -> Word:
        """The word as it stands."""
        text = "".join(self.parts)
        bare = "".join(self.bare)
        assignment = ASSIGNMENT.match(self.bare[0]) if self.bare and text.startswith(self.bare[0]) else None
        braces = "{" in bare and any("," in inside or ".." in inside for inside in _IN_BRACES.findall(bare))
        return Word(
            text,
            self.quoted,
            self.dynamic or braces,
            tuple(self.variables),
            self.substitutes,
            tuple(self.open_variables),
            self.open_substitution or braces,
            assignment[1] if assignment else "",
            any(c in bare for c in "*?["),
        )


def decode_ansi(text: str) -> str:
    """The inside of ``$'...'``. A NUL ends it, as in bash."""
    decoded = _ANSI.sub(_decode_ansi, text).partition("\0")[0]
    if CONTROL.search(decoded.replace("\r", "").replace("\x1b", "")):
        raise NotUnderstood("ssh.command: an encoded control character")
    return decoded


def _decode_ansi(match: re.Match[str]) -> str:
    for group, base in ((1, 16), (2, 16), (3, 16), (4, 8)):
        if match[group]:
            code = int(match[group], base)
            if code > 0x10FFFF:
                raise NotUnderstood("ssh.command: an escape beyond Unicode")
            return chr(code)
    if match[5]:
        return chr(ord(match[5]) & 0x1F)
    return _ANSI_LETTERS.get(match[6], match[6] if match[6] in "\\'\"?" else "\\" + match[6])
