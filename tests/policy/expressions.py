"""Hypothesis strategies for rules over the vocabulary, and for requests to evaluate them over."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from pdp.types import Action, Agent, Principal, Request
from tests.policy.outcomes import asked

TEXTS = st.sampled_from(["", "a", "b", "bob@example.com", "/srv/a", "10", "Ä"])
LITERALS = st.one_of(
    st.integers(-3, 12).map(str),
    st.sampled_from(["0.5", "1.0", "10.0", "-2.5", "true", "false", "null"]),
    TEXTS.map(lambda t: f'"{t}"'),
)
NUMBERS = st.integers(-3, 12).map(str) | st.sampled_from(["0.5", "10.0", "1.5"])
PARAMS = st.sampled_from(
    ["action.params.a", "action.params.b", 'action.params["c"]', "action.params.m.k", "agent.attributes.level"]
)
STRINGS = st.sampled_from(
    ["agent.id", "action.name", "request.utterance", "target.kind", "principal.id", "match.intent"]
)
LISTS = st.sampled_from(
    [
        "facts.emails.l",
        "facts.words",
        "facts.ungrounded",
        "constants.internal_domains",
        "facts.all_emails",
        "action.params.l",
    ]
)
ORDER = st.sampled_from(["<", "<=", ">", ">="])
EQUAL = st.sampled_from(["==", "!="])


def spelled(pattern: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(lambda p: pattern.format(*p))


ABOUT_ELEMENT = st.one_of(
    spelled("x {} {}", EQUAL, TEXTS.map(lambda t: f'"{t}"')),
    spelled("x in [{}]", TEXTS.map(lambda t: f'"{t}"')),
    spelled("x.startsWith({})", TEXTS.map(lambda t: f'"{t}"')),
    st.just("x.contains('@') || x == 'a'"),
)
PLAIN = st.one_of(
    spelled("{} {} {}", PARAMS, ORDER, NUMBERS),
    spelled("{} {} {}", PARAMS, EQUAL, LITERALS),
    spelled("{} {} {}", PARAMS, EQUAL, PARAMS),
    spelled("{} {} {}", STRINGS, EQUAL, TEXTS.map(lambda t: f'"{t}"')),
    spelled(
        "{}.{}({})", STRINGS, st.sampled_from(["startsWith", "endsWith", "contains"]), TEXTS.map(lambda t: f'"{t}"')
    ),
    spelled("{} in [{}, {}]", PARAMS, LITERALS, PARAMS),
    spelled("{} in {}", TEXTS.map(lambda t: f'"{t}"'), LISTS),
    spelled("size({}) {} {}", LISTS, ORDER, st.integers(0, 3).map(str)),
    spelled("{}.{}(x, {})", LISTS, st.sampled_from(["all", "exists"]), ABOUT_ELEMENT),
    spelled("{} * 2.0 {} {}", PARAMS, ORDER, st.just("10.0")),
    spelled("match.score {} {}", ORDER, st.sampled_from(["0.5", "0.7", "match.accept"])),
    spelled(
        "has({})",
        st.sampled_from(["action.params.a", "action.params.m", "action.params.m.k", "principal.id", "session.id"]),
    ),
    st.sampled_from(
        ["facts.grounded.a", 'facts.grounded["l"]', "facts.windows.business_hours", "true", "false", "action.params.b"]
    ),
)
RULES = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        spelled("({} && {})", inner, inner),
        spelled("({} || {})", inner, inner),
        spelled("!({})", inner),
        spelled("({} ? {} : {})", inner, inner, inner),
        spelled("(has(action.params.a) && {})", inner),
        spelled("(!has(action.params.m) || {})", inner),
    ),
    max_leaves=6,
)

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-3, 12), st.sampled_from([0.5, 1.0, 10.0, -2.5]), TEXTS)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Requests with params of every type, often absent; ``l`` is a list and ``m`` an object wherever they are there."""
    params: dict[str, Any] = draw(
        st.fixed_dictionaries(
            {"a": SCALARS},
            optional={
                "b": SCALARS,
                "c": st.one_of(SCALARS, st.lists(SCALARS, max_size=3)),
                "l": st.lists(TEXTS, max_size=3),
                "m": st.dictionaries(st.sampled_from(["k", "other"]), SCALARS, max_size=2),
            },
        )
    )
    return asked(
        agent=Agent("agent-1", attributes=draw(st.dictionaries(st.just("level"), SCALARS))),
        principal=Principal(draw(st.sampled_from(["", "noor"]))),
        action=Action(draw(st.sampled_from(["read", "a"])), params),
        utterance=draw(st.sampled_from(["Read 10 of a for bob@example.com", "b", "Ä 0.5"])),
    )
