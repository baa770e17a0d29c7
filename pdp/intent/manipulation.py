"""Text that is not what it seems: encoded, written backwards, or in a language nothing here can judge.

Detectors answer yes or no for a canonical text and are built for precision: identifiers, digests, tokens, names and
quoted titles must pass. ``words`` are the lower-case words of the text, shared between detectors.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Callable
from urllib.parse import unquote

from pdp.intent.grammar import QUOTED
from pdp.intent.verbs import TELLING

_LONG = re.compile(r"[^\s.,]{12,}|[01]{8} [01]{8}|(?:[0-9a-fA-F]{2} ){6}")
_BASE64 = re.compile(r"(?<![\w.+/=-])(?!eyJ)[A-Za-z0-9+/_-]{11,}={0,2}(?![\w.+/=-]*\.eyJ)")
_BASE32 = re.compile(r"(?<![\w.])[A-Z2-7]{16,}={0,6}(?!\w)")
_HEX = re.compile(r"(?<![\w-])(?:0x)?((?:[0-9a-fA-F]{2}[ :]?){7,}[0-9a-fA-F]{2})(?![\w-])")
_BINARY = re.compile(r"(?<!\d)(?:[01]{8}[ ,]?){4,}(?!\d)")
_CODES = re.compile(r"(?:\\x[46-7][0-9a-fA-F]|\\u00[46-7][0-9a-fA-F]|&#(?:x[46-7][0-9a-fA-F]|\d{2,3});){4,}")
_PERCENT = re.compile(r"(?:%[46-7][0-9a-fA-F]){4,}")
_OPAQUE = re.compile(r"(?<![\w+/=.-])(?!AAAA|eyJ|MI[IG])[A-Za-z0-9+/]{160,}={0,2}")
_PROSE = re.compile(r"[A-Za-z]{2,}[ ,.:;]+[A-Za-z-]{2,}")
_PRINTABLE_SHARE = 0.95


def encoded_text(text: str, words: frozenset[str]) -> bool:
    """Some part decodes to words: base64, base32, hex, binary, character codes, percent codes of letters, rot13.

    A part too long and too mixed to be an identifier also counts, as nobody can judge it.
    """
    if _hits(words, _ROTATED):
        return True
    if not _LONG.search(text):
        return False
    if _CODES.search(text) or any(map(_is_mixed, _OPAQUE.findall(text))):
        return True
    decoded = (decode(m[0]) for pattern, decode in _DECODERS for m in pattern.finditer(text))
    return any(map(_is_prose, decoded))


def _unbase64(part: str) -> str:
    body = part.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return _as_text(base64.b64decode(body[: len(body) - (len(body) % 4 == 1)] + "=" * (-len(body) % 4)))
    except (binascii.Error, ValueError):
        return ""


def _unbase32(part: str) -> str:
    body = part.rstrip("=")
    try:
        return _as_text(base64.b32decode(body + "=" * (-len(body) % 8)))
    except (binascii.Error, ValueError):
        return ""


def _unhex(part: str) -> str:
    return _as_text(bytes.fromhex(part.removeprefix("0x").replace(":", " ")))


def _unbinary(part: str) -> str:
    digits = part.replace(" ", "").replace(",", "")
    return _as_text(bytes(int(digits[i : i + 8], 2) for i in range(0, len(digits), 8)))


_DECODERS: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
    (_BASE64, _unbase64),
    (_BASE32, _unbase32),
    (_HEX, _unhex),
    (_BINARY, _unbinary),
    (_PERCENT, unquote),
)


def _as_text(raw: bytes) -> str:
    """``raw`` as text when nearly all of it is printable ASCII, else empty."""
    printable = sum(32 <= b < 127 or b in b"\n\t" for b in raw)
    return raw.decode("ascii", "ignore") if raw and printable >= _PRINTABLE_SHARE * len(raw) else ""


def _is_mixed(blob: str) -> bool:
    return any(map(str.islower, blob)) and any(map(str.isupper, blob)) and any(map(str.isdigit, blob))


def _is_prose(decoded: str) -> bool:
    return bool(_PROSE.search(decoded)) or not TELLING.isdisjoint(re.findall(r"[a-z]{4,}", decoded.lower()))


# Ordinary words that are a telling word reversed or rotated.
_ORDINARY = frozenset("reviled spots repaid lamina".split())
_MIN_LETTERS = 5


def _disguise(spell: Callable[[str], str]) -> frozenset[str]:
    spelled = {spell(word) for word in TELLING if len(word) >= _MIN_LETTERS and word.isalpha()}
    return frozenset(spelled - TELLING - _ORDINARY)


_REVERSED = _disguise(lambda word: word[::-1])
_ROTATED = _disguise(lambda word: codecs.encode(word, "rot13"))
_BACKWARDS = re.compile(
    r"\bread (?:\w+ ){1,3}(?:backwards?|in reverse|from (?:the )?right to (?:the )?left|from the end)\b", re.IGNORECASE
)


def reversed_text(text: str, words: frozenset[str]) -> bool:
    """Words are written from right to left, or the reader is told to read that way."""
    return _hits(words, _REVERSED) or ("read" in words and bool(_BACKWARDS.search(text)))


def _hits(words: frozenset[str], disguised: frozenset[str]) -> bool:
    """Two short hits or one longer: a single short one may be a name."""
    hits = disguised & words
    return len(hits) > 1 or any(len(word) > _MIN_LETTERS for word in hits)


# Small words and requests of Germanic, Romance, Slavic and Nordic languages that English does not have.
_FOREIGN = frozenset(
    """
    aber alle allen alles auch auf aus bitte danach dann das dass dem deren dich dir diese dieser durch ein eine einem
    einen einer für gegen haben ich ihm ihr ihre jede jeden kein keine lösche löschen mich mir mit nach nicht noch nur
    oder
    ohne samt schicke sende sich sie sind sofort über und uns unter vom von wenn wird zu zum zur
    ahora algo borra borrar cada como cuando del desde después donde el ella ellos elimina eliminar en envía enviar esta
    estas este esto hacia hasta las los luego más mientras mis para pero por porque que quiero sin sobre sus también
    toda
    todas todo todos una unas unos
    alors aussi aux avec cela ces cette chaque dans des donc efface elle envoie est et ils je les leur leurs lui mais
    mes
    moi nous ou où par puis qui quoi sans ses sont supprime supprimer sur tous tout toute toutes très une vers vous
    anche che cancella della delle dello degli di gli il invia lei loro mia nella nelle poi più quando quello questa
    questo
    tutte tutti tutto agora apague até depois ele ela envie exclua isso isto mais minha não nossa nossos pela pelo são
    uma
    você dan daarna deze een geen het hun ik jij maar mijn naar niet ook onze stuur verwijder voor wij zonder
    alla allt att det efter eller från ikke inte jag och också radera sedan skicka slett som till utan vi är
    bez dla jest kiedy nie oraz potem proszę się usuń wszystkie wyślij
    """.split()
)
_QUOTED = re.compile(QUOTED)
_WORD = re.compile(r"[^\W\d_]+")
_OTHER_SCRIPT = re.compile("[\u0370-\u03ff\u0400-\u1cff\u2d00-\u2d2f\u3040-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]")
_FEWEST_WORDS, _FEWEST_LETTERS = 3, 12


def unread_language(text: str, words: frozenset[str]) -> bool:
    """A part outside quotes is in another language: three of its small words, or a phrase in another script."""
    if not text.isascii():
        others = _OTHER_SCRIPT.findall(_QUOTED.sub(" ", text))
        # One ideograph or syllable block says as much as three letters.
        if len(others) + 2 * sum(c > "\u2fff" for c in others) >= _FEWEST_LETTERS:
            return True
    if len(_FOREIGN & words) < _FEWEST_WORDS:
        return False
    return len(_FOREIGN.intersection(_WORD.findall(_QUOTED.sub(" ", text).lower()))) >= _FEWEST_WORDS
