"""Grants: minted for what was decided, verified offline at one gateway, attenuated for sub-agents, never refreshed."""

from pdp.grant.canonical import action_digest, thumbprint
from pdp.grant.claims import from_claims, to_claims
from pdp.grant.containment import Attenuation, attenuate, contains, excess
from pdp.grant.jwks import PublicKeys
from pdp.grant.keys import KeyRing, SigningKey
from pdp.grant.model import Actor, Detail, Grant, Origin, detail_of
from pdp.grant.subjects import Subject, subjects_of
from pdp.grant.token import Opened, Wanted, check, mint, open_token, verify

__all__ = [
    "Actor",
    "Attenuation",
    "Detail",
    "Grant",
    "KeyRing",
    "Opened",
    "Origin",
    "PublicKeys",
    "SigningKey",
    "Subject",
    "Wanted",
    "action_digest",
    "attenuate",
    "check",
    "contains",
    "detail_of",
    "excess",
    "from_claims",
    "mint",
    "open_token",
    "subjects_of",
    "thumbprint",
    "to_claims",
    "verify",
]
