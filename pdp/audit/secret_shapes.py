"""What secrets look like: names they stand under, prefixes their issuers gave them, and plain randomness."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final, TypeAlias

Marker: TypeAlias = Callable[[str], str]
Shapes: TypeAlias = tuple[re.Pattern[str], ...]

LONGEST_RUN: Final = 32
"""Characters without a gap from which on a word may be a random token."""
_RUN: Final = "A-Za-z0-9_+/=-"
_MOST_NAME: Final = 64


@dataclass(frozen=True, slots=True)
class Names:
    """Words that make a name secret: anywhere, or as its ``last``; ``joined`` are pairs of words.

    ``harmless`` last words say that a name is about a secret and is none. What stands under ``public`` names is random
    and meant to be seen.
    """

    secret: frozenset[str]
    last: frozenset[str]
    numeric: frozenset[str]
    joined: frozenset[str]
    harmless: frozenset[str]
    public: frozenset[str]


NAMES: Final = Names(
    secret=frozenset(
        """password passwd passphrase passcode pwd secret secrets token tokens credential credentials
        apikey jwt""".split()
    ),
    last=frozenset("authorization cookie cookies otp bearer".split()),
    # A number under one of these is the secret itself; `max_tokens: 512` is not.
    numeric=frozenset("password passwd passphrase passcode pwd secret otp".split()),
    joined=frozenset(
        """api key|access key|private key|secret key|signing key|encryption key|account key|master key|auth key|client
        secret|session key|license key|ssh key|pass word|storage key|deploy key""".replace("\n        ", " ").split("|")
    ),
    harmless=frozenset(
        """name names count length type kind expires expiry ttl policy required reset limit max min usage used at age
        url uri path field enabled rotation version class scope scopes budget per second minute details""".split()
    ),
    public=frozenset("rqd jti kid digest fingerprint thumbprint checksum revision commit etag x5t#s256".split()),
)
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

# In texts: a name, then = or :, then a value; the name is searched from its secret word on, and everything is bounded.
_NAME: Final = (
    r"(?:pass(?:word|wd|phrase|code)|pwd|secrets?|tokens?|credentials?|(?:proxy-)?authorization|cookie|jwt"
    r"|(?:api|access|private|secret|signing|encryption|account|master|auth|shared)[_ -]?key)"
)
_VALUE: Final = r"""(?P<secret>"(?:[^"\\]|\\.)*+"?|'(?:[^'\\]|\\.)*+'?|[^\s"'&;,<>(){}\[\]]++)"""
_SCHEME: Final = r"(?:(?:bearer|basic|digest|token|negotiate|apikey)\s{1,4})?"
_ASSIGNED: Final = re.compile(
    rf"""(?i){_NAME}(?:[_-]\w{{0,24}})?(?:\\?["'])?\s{{0,4}}(?:=>|:=|=|:)\s{{0,4}}{_SCHEME}{_VALUE}"""
)
_OPTION: Final = re.compile(rf"(?i)--(?:[a-z0-9]{{1,20}}-){{0,3}}{_NAME}(?:\s{{1,4}}|=)(?!-){_VALUE}")
_SQL: Final = re.compile(rf"(?i)(?:\bpassword|\bidentified\s{{1,4}}by)\s{{1,4}}(?=['\"]){_VALUE}")
_USER: Final = re.compile(r"(?<!\S)(?:-u|--user|--proxy-user)[\s=]{1,4}['\"]?[^\s:'\"]{1,128}:(?P<secret>[^\s'\"]++)")
_URL: Final = re.compile(r"://[^\s/@:]{0,256}:(?P<secret>[^\s/]{1,256})@")
_BEARER: Final = re.compile(
    r"(?i)(?<!\w)(?:bearer|basic)\s{1,4}(?=[A-Za-z.~-]{0,256}[0-9_+/=])(?P<secret>[A-Za-z0-9._~+/=-]{8,}+)"
)
_PEM: Final = re.compile(
    r"(?P<secret>-----BEGIN [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:[^-]|-(?!----END))*+(?:-----END [A-Z0-9 ]{0,40}-----)?)"
)
_JWT: Final = re.compile(r"(?<![\w-])(?P<secret>eyJ[\w-]{6,}+\.[\w-]{6,}+(?:\.[\w-]*+){1,3})")
# Prefixes as their issuers document them.
_ISSUED: Final = re.compile(
    r"(?<![A-Za-z0-9_-])(?P<secret>"
    r"(?:AKIA|ASIA|AROA|AIDA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Z0-9])"
    r"|gh[pousr]_[A-Za-z0-9]{20,}+|github_pat_[A-Za-z0-9_]{20,}+|gl(?:pat|ptt|dt|rt|cbt)-[\w-]{16,}+"
    r"|xox[abceoprs]-[\w-]{8,}+|xapp-[\w-]{8,}+|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{8,}+|whsec_[A-Za-z0-9+/=]{16,}+"
    r"|sk-[\w-]{20,}+|AIza[\w-]{30,}+|ya29\.[\w-]{16,}+|GOCSPX-[\w-]{16,}+|npm_[A-Za-z0-9]{30,}+|pypi-[\w-]{40,}+"
    r"|SG\.[\w-]{16,}+\.[\w-]{16,}+|hf_[A-Za-z0-9]{20,}+|do[op]_v1_[a-f0-9]{32,}+|hv[sbr]\.[\w-]{16,}+"
    r"|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{24,}+|AGE-SECRET-KEY-1[A-Z0-9]{40,}+|dapi[a-f0-9]{32}|lin_api_[A-Za-z0-9]{20,}+)"
)
_HOOK: Final = re.compile(r"(?i)hooks\.slack\.com/(?:services|workflows)/(?P<secret>[\w/]++)")
_ISSUERS: Final = """akia asia aroa aida abia acca ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat glptt gldt glrt glcbt xox
xapp k_live_ k_test_ whsec sk- aiza ya29 gocspx npm_ pypi- sg. hf_ _v1_ hvs. hvb. hvr. shpat shpca shppa shpss
age-secret dapi lin_api""".replace("\n", " ").replace(" ", "|")
_SHAPES: Final = tuple(
    (tuple(triggers.split("|")), shape)
    for triggers, shape in (
        ("private key", _PEM),
        ("@", _URL),
        ("pass|pwd|secret|token|credential|authorization|cookie|jwt|key", _ASSIGNED),
        ("--", _OPTION),
        ("password|identified", _SQL),
        ("-u |-u=|--user|--proxy-user", _USER),
        ("bearer |basic ", _BEARER),
        ("eyj", _JWT),
        (_ISSUERS, _ISSUED),
        ("slack.com", _HOOK),
    )
)
# Words in keys that no pattern above waits for.
_KEY_WORDS: Final = ("otp", "bearer")

_GAPS: Final = bytes(c if re.match(f"[{_RUN}]", chr(c)) else 32 for c in range(256))
_RANDOM: Final = re.compile(rf"(?<![{_RUN}])(?P<secret>[{_RUN}]{{{LONGEST_RUN},}}+)")
_UUIDS: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HEX: Final = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_DIGEST: Final = re.compile(r"(?i)(?:sha|blake)[0-9b-]{1,6}[:=-]$|md5[:=-]$")
# Digests of SHA-1 and MD5, git objects and trace ids are named all day; keys are longer.
_LONGEST_ID: Final = 40


def secret_name(key: str) -> str:
    """The secret word in a key (``dbPassword``, ``X-Api-Key``), or empty: the name hides nothing."""
    return _secret_name(key) if len(key) <= _MOST_NAME else ""


@lru_cache(maxsize=4096)
def _secret_name(key: str) -> str:
    words = [w.lower() for w in _WORDS.findall(key)]
    if not words or (words[-1] in NAMES.harmless and len(words) > 1):
        return ""
    found = (
        [w for w in words if w in NAMES.secret]
        + [w for w in words[-1:] if w in NAMES.last]
        + [f"{a} {b}" for a, b in pairwise(words) if f"{a} {b}" in NAMES.joined]
    )
    return found[0] if found else ""


def suspected(text: str) -> Shapes | None:
    """The shapes that may stand in ``text``, told by bare words; None when it has neither shapes nor secret names."""
    lowered = text.lower()
    found = tuple([shape for triggers, shape in _SHAPES if _any(triggers, lowered)])
    return found if found or _any(_KEY_WORDS, lowered) else None


def _any(words: tuple[str, ...], text: str) -> bool:
    # Plain loops: a generator costs more than what it looks at.
    for word in words:  # noqa: SIM110
        if word in text:
            return True
    return False


def public_name(key: str) -> bool:
    """Whether random values under ``key`` are digests and ids (``rqd``, ``operation_digest``): no secrets."""
    return re.split(r"[_-]", key.lower())[-1] in NAMES.public


def substituted(text: str, shapes: Shapes, marker: Marker) -> str:
    """``text`` with every secret of ``shapes`` replaced."""
    for shape in shapes:
        text = shape.sub(lambda m: _replaced(m, marker), text)
    return text


def without_random(text: str, marker: Marker) -> str:
    """``text`` with every long random token replaced; ids, digests, paths and long words stay."""
    return _RANDOM.sub(lambda m: marker(m[0]) if _random(m) else m[0], text)


def longest_run(text: str) -> int:
    """Characters of the longest stretch that a token could be. Bytes are quicker here than any pattern."""
    return max(map(len, text.encode("ascii", "replace").translate(_GAPS).split()), default=0)


def _replaced(match: re.Match[str], marker: Marker) -> str:
    begin, end = match.span("secret")
    secret = match["secret"]
    quote = secret[0] if secret[0] in "\"'" else ""
    close = quote if quote and len(secret) > 1 and secret.endswith(quote) else ""
    inner = secret[len(quote) : len(secret) - len(close)]
    if not inner:
        return match[0]
    whole, start = match[0], match.start()
    return f"{whole[: begin - start]}{quote}{marker(inner)}{close}{whole[end - start :]}"


def _random(match: re.Match[str]) -> bool:
    run = match[0].strip("=-")
    before = match.string[max(match.start() - 12, 0) : match.start()]
    if _UUIDS.fullmatch(run) or _DIGEST.search(before):
        return False
    if _HEX.fullmatch(run):
        return len(run) > _LONGEST_ID and not run.isdigit() and not run.isalpha()
    kinds = [_kind(c) for c in run]
    if len({*kinds} & set("uld")) < (3 if "o" in kinds else 2):
        return False
    changes = sum(a != b for a, b in pairwise(kinds))
    # Of random letters and digits about three in five change kind; of written names and paths about one in three.
    return changes >= (0.42 if "u" in kinds and "l" in kinds else 0.3) * len(run)


def _kind(character: str) -> str:
    if character.isdigit():
        return "d"
    return "u" if character.isupper() else "l" if character.islower() else "o"
