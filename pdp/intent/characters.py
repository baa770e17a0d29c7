"""Characters: what a reader cannot see is removed, what only looks Latin is made Latin, and each is noted.

Sources: Unicode 15 ``Default_Ignorable_Code_Point`` (invisible), Bidi_Control, UTS 39 confusables (the letters people
really use to imitate Latin, chosen by shape). Patterns are built once at import.
"""

from __future__ import annotations

import re
import unicodedata

from pdp.intent.verbs import TELLING

_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF))
_CONTROL = re.compile(f"\x1b\\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufff9-\ufffb{_NONCHARACTERS}]")
_TYPOGRAPHY = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u02bc": "'",
        "\u201a": "'",
        "\u00b4": "'",
        "\u2032": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u201e": '"',
    }
    | {"\u2010": "-", "\u2011": "-", "\u2212": "-", "\x0b": "\n", "\x0c": "\n", "\x85": "\n"}
    | {"\u2028": "\n", "\u2029": "\n", "\u2800": " ", "\u3164": " ", "\uffa0": " "}
)

_EMOJI = "\u203c-\u3299\U0001f000-\U0001faff"
_SCRIPTS_WITH_JOINERS = "\u0600-\u109f\u1780-\u18af\ua8e0-\ua8ff"
# Invisible characters that writing needs: emoji styles and sequences, flags of regions, joiners of Arabic and Indic
# scripts, direction marks beside right-to-left letters, ideograph variants, and the byte order mark of a file.
_ORTHOGRAPHIC = re.compile(
    f"^\ufeff|(?<=[0-9#*\u00a9\u00ae{_EMOJI}])[\ufe0e\ufe0f](?![\ufe00-\ufe0f])"
    f"|(?<=[{_EMOJI}])\u200d(?=[{_EMOJI}])|(?<=[\U0001f3f4])[\U000e0061-\U000e007a]{{1,6}}\U000e007f"
    f"|(?<=[{_SCRIPTS_WITH_JOINERS}])[\u200c\u200d\u180b-\u180e]"
    f"|(?<=[\u0590-\u08ff])[\u200e\u200f\u061c]|[\u200e\u200f\u061c](?=[\u0590-\u08ff])"
    "|(?<=[\u3400-\u9fff])[\ufe00-\ufe02\U000e0100-\U000e01ef](?![\ufe00-\ufe0f\U000e0100-\U000e01ef])"
)
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SMUGGLED = re.compile("[\U000e0001-\U000e007f]|[\ufe00-\ufe0f\U000e0100-\U000e01ef]{2,}")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
# Within a Latin word nothing needs them; between words they come along with copied text.
_INSIDE_WORD = re.compile(
    "(?<=[A-Za-z0-9])[\u034f\u115f\u1160\u180b-\u180f\u200b-\u200f\u2060-\u206f\ufe00-\ufe0f\ufeff]+(?=[A-Za-z0-9])"
)
_OVERLAY = re.compile("[\u0334-\u0338\u20d0-\u20dc\u20dd-\u20e2\u20e4-\u20f0]+")
_STACKED = re.compile(
    "([\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\ufe20-\ufe2f]{2})[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\ufe20-\ufe2f]+"
)
_STYLED = re.compile("[\U0001d400-\U0001d7cb\u24b6-\u24e9\U0001f130-\U0001f149\U0001f150-\U0001f189]{3,}")

_PAIRS = (
    ("авсԁеғһіјкӏмонпрԛгѕтуѵѡԝхАВСЕНІЈКМОРЅТУХԀԌԚԜҮӀ", "abcdefhijklmohnpqrstyvwwxABCEHIJKMOPSTYXDGQWYI"),
    ("αβγεηικνορστυχωϲϳΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "abyenikvopotuxwcjABEZHIKMNOPTYX"),
    ("օսոհցզՏՕՍԼ", "ounhgqSOUL"),
    ("ᎠᎡᎢᎥᎪᎫᎬᎳᎷᎻᏀᏃᏒᏔᏙᏚᏞᏟᏢᏦᏧᏴ", "DRTiAJEWMHGZRWVSLCPKdB"),
    ("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢɑɡ", "abcdefghijklmnopqrstuvwyzag"),
)
_LOOKALIKES = str.maketrans({a: b for fake, real in _PAIRS for a, b in zip(fake, real, strict=True)})
_ENCLOSED = str.maketrans({first + i: chr(65 + i) for first in (0x1F150, 0x1F170) for i in range(26)})
_FAKES = "".join(fake for fake, _ in _PAIRS)
_FAKE_WORD = re.compile(rf"[^\W\d_]*[{_FAKES}][^\W\d_]*")
_FAKE = re.compile(f"[{_FAKES}]")
_CYRILLIC_JOIN = re.compile("[A-Za-z][\u0400-\u04ff]|[\u0400-\u04ff][A-Za-z]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
_ENCLOSED_RUN = re.compile("[\U0001f150-\U0001f169\U0001f170-\U0001f189]{3,}")
# Greek letters that science writes beside Latin ones: µm, kΩ, TNFα, Δt, λmax.
_SCIENTIFIC = re.compile("^(?:[\u0391-\u03c9][A-Za-z]{1,3}|[A-Za-z]{1,5}[\u0391-\u03c9])$")


def strip_hidden(text: str, findings: set[str]) -> str:
    """``text`` without control and invisible characters. Adds to ``findings`` what a careful reader should know."""
    if text.isascii() and text.isprintable():
        return text
    if _CONTROL.search(text):
        findings.add("control_characters")
        text = _CONTROL.sub("", text)
    if text.isascii():
        return text.replace("\x0b", "\n").replace("\x0c", "\n")
    text = _ORTHOGRAPHIC.sub("", text)
    if _STYLED.search(text):
        findings.add("styled_letters")
    if _SMUGGLED.search(text):
        findings.add("tag_characters")
    if _BIDI.search(text):
        findings.add("bidi_control")
    if _INVISIBLE.search(text):
        findings.add("invisible_characters" if _INSIDE_WORD.search(text) else "format_characters")
    # Enclosed letters fold to capitals under NFKC or here; the rest of NFKC unifies widths, ligatures and fonts.
    text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text).translate(_TYPOGRAPHY))
    return _strip_marks(_INVISIBLE.sub("", text).translate(_TYPOGRAPHY), findings)


def _strip_marks(text: str, findings: set[str]) -> str:
    """Strokes laid over letters and towers of accents hide a word from a machine, not from a person."""
    plain = _STACKED.sub(r"\1", _OVERLAY.sub("", text))
    if plain != text:
        findings.add("stacked_marks")
        return unicodedata.normalize("NFKC", plain)
    return text


def fold_lookalikes(text: str, findings: set[str]) -> str:
    """``text`` with letters that imitate Latin ones replaced, in words that mix scripts.

    A word wholly in another script is left, unless it reads as a telling English word letter for letter.
    """
    if text.isascii():
        return text
    text = _ENCLOSED_RUN.sub(lambda m: m[0].translate(_ENCLOSED), text)
    if _CYRILLIC_JOIN.search(text):
        findings.add("mixed_script")
    if not _FAKE.search(text):
        return text

    def fold(match: re.Match[str]) -> str:
        word: str = match[0]
        folded = word.translate(_LOOKALIKES)
        if _LATIN.search(word):
            if _SCIENTIFIC.match(word):
                return word
        elif not (folded.isascii() and folded.lower() in TELLING):
            return word
        findings.add("mixed_script")
        return folded if folded.isascii() or not _has_other_script(folded) else word

    return unicodedata.normalize("NFKC", _FAKE_WORD.sub(fold, text))


def _has_other_script(word: str) -> bool:
    return any(c.isalpha() and not _LATIN.match(c) for c in word)
