"""What a native payload really does, derived by parsing and never taken from the caller.

``derive`` is pure. What it cannot understand, for whatever reason, it reports as not parsed with access ``UNKNOWN``: a
parser that fails is never a reason to be more lenient.
"""

from __future__ import annotations

from typing import assert_never

from pdp.native import cloud, http, kubernetes, mcp, sql, ssh
from pdp.native.agreement import NotUnderstood, not_understood
from pdp.types import (
    Action,
    CloudPayload,
    Derived,
    HttpPayload,
    KubernetesPayload,
    McpPayload,
    Payload,
    SqlPayload,
    SshPayload,
    Target,
)

__all__ = ["KINDS", "derive"]

KINDS = {
    SqlPayload: "sql",
    McpPayload: "mcp",
    HttpPayload: "http",
    KubernetesPayload: "kubernetes",
    SshPayload: "ssh",
    CloudPayload: "cloud",
}


def derive(payload: Payload, target: Target, action: Action) -> Derived:
    """Derive target, action, access and facts from ``payload`` and hold them against the declared pair.

    What the declared ``target`` and ``action`` leave empty is filled in; what disagrees is named in ``mismatches``.
    Never
    raises: a payload that cannot be understood gives ``parsed`` False, ``Access.UNKNOWN`` and the reason in
    ``facts["problem"]``.
    """
    kind = KINDS.get(type(payload), "")
    try:
        return _derive(payload, target, action)
    except NotUnderstood as error:
        return not_understood(kind, target, action, str(error))
    except Exception as error:  # noqa: BLE001  (a parser that breaks, RecursionError included, must deny and not crash)
        return not_understood(kind, target, action, f"{kind}: the parser gave up ({type(error).__name__})")


def _derive(payload: Payload, target: Target, action: Action) -> Derived:
    match payload:
        case SqlPayload():
            return sql.derive(payload, target, action)
        case McpPayload():
            return mcp.derive(payload, target, action)
        case HttpPayload():
            return http.derive(payload, target, action)
        case KubernetesPayload():
            return kubernetes.derive(payload, target, action)
        case SshPayload():
            return ssh.derive(payload, target, action)
        case CloudPayload():
            return cloud.derive(payload, target, action)
        case _:
            assert_never(payload)
