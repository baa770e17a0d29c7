"""The typed client: asking always gives a decision, and what is not clearly an allow or a narrow is a deny."""

from pdp.client.aio import AsyncClient
from pdp.client.channel import ClientTls
from pdp.client.feed import RevocationFeed
from pdp.client.grants import Gateway, GrantVerifier
from pdp.client.judgement import SHOW_ONLY
from pdp.client.sync import Client
from pdp.client.terms import Terms

__all__ = [
    "SHOW_ONLY",
    "AsyncClient",
    "Client",
    "ClientTls",
    "Gateway",
    "GrantVerifier",
    "RevocationFeed",
    "Terms",
]
