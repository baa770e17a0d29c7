"""Orders to test with."""

from __future__ import annotations

from hypothesis import strategies as st

from pdp.revocation.table import Op, Order, Scope, Subjects

NOW = 1_700_000_000.0
SUBJECTS = Subjects(
    grant="g-1",
    session="s-1",
    task="t-1",
    agent="spiffe://example/agent/a",
    instance="i/1",
    principal="alice",
    target_kind="table",
    target_name="billing.invoices",
    intent="read-invoices",
    gateway="gateway-1",
    keys=("k-1", "k-2"),
)
# The value with which each scope is about SUBJECTS.
ABOUT = {
    Scope.GRANT: "g-1",
    Scope.SESSION: "s-1",
    Scope.TASK: "t-1",
    Scope.AGENT: "spiffe://example/agent/a",
    Scope.INSTANCE: "spiffe://example/agent/a/i/1",
    Scope.PRINCIPAL: "alice",
    Scope.TARGET: "table/billing.invoices",
    Scope.INTENT: "read-invoices",
    Scope.GATEWAY: "gateway-1",
    Scope.KEY: "k-2",
    Scope.EVERYTHING: "",
}


def order(
    sequence: int = 1,
    op: Op = Op.KILL,
    scope: Scope = Scope.AGENT,
    value: str | None = None,
    until: float | None = None,
    time: float = NOW,
    reason: str = "it misbehaved",
    cause: str = "operator-action",
) -> Order:
    """An order about SUBJECTS unless ``value`` says otherwise."""
    return Order(sequence, op, scope, ABOUT[scope] if value is None else value, reason, cause, until, "olga", time)


def values(scope: Scope) -> st.SearchStrategy[str]:
    """Few values, so that orders meet."""
    if scope is Scope.EVERYTHING:
        return st.just("")
    if scope is Scope.TARGET:
        return st.sampled_from(
            ["table/billing.invoices", "table/billing.*", "table/b?lling.invoices", "host/db*", "table/[x]"]
        )
    if scope is Scope.INSTANCE:
        return st.sampled_from([ABOUT[scope], "b/1"])
    return st.sampled_from([ABOUT[scope], "other", "é", "a:b"])


@st.composite
def drawn(draw: st.DrawFn) -> Order:
    """Any order; its sequence is given later."""
    scope, op = draw(st.sampled_from(list(Scope))), draw(st.sampled_from(list(Op)))
    until = None if op is Op.LIFT else draw(st.none() | st.floats(NOW - 50, NOW + 50))
    return order(1, op, scope, draw(values(scope)), until, draw(st.floats(NOW - 100, NOW)))
