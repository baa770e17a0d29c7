"""CEL rules: what they see, how they fail, and that failing is never the same as being false."""

from __future__ import annotations

import math
import threading
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.errors import BundleError
from pdp.native import derive
from pdp.policy import facts
from pdp.policy.model import Mode, Rule, RuleEffect, Settings
from pdp.policy.rules import RuleContext, RuleSet, problems
from pdp.policy.vocabulary import KINDS, MESSAGES, PARAM_FACTS
from pdp.types import (
    Access,
    Action,
    CloudPayload,
    HttpPayload,
    KubernetesPayload,
    McpPayload,
    Payload,
    Principal,
    ReasonCode,
    SqlPayload,
    SshPayload,
    Target,
)
from pdp.v1 import cel_pb2
from tests.effort import calls
from tests.policy.outcomes import MATCH, SETTINGS, WHEN, asked, context, derived, evaluate, full, rule

MISSING, ERROR, NOT_BOOLEAN = ReasonCode.ATTRIBUTE_MISSING, ReasonCode.RULE_ERROR, ReasonCode.RULE_NOT_BOOLEAN


@pytest.mark.parametrize(
    ("when", "wanted"),
    [
        ("true", True),
        ("action.params.limit > 5", True),
        ("action.params.limit == 10", True),
        ("action.params.limit == 10.0", True),
        ("action.params.limit in [10, 20]", True),
        ("action.params.limit > constants.most_recipients", False),
        ("action.params.limit * constants.ratio == 5.0", True),
        ("int(action.params.limit) % 2 == 0", True),
        ('action.params.filter.owner == agent.id && agent.attributes["team"] == "support"', True),
        ("action.params.filter.ratio == 1.5", True),
        ("action.params.nothing == null", True),
        ('target.kind == "table" && target.name == "invoices" && target.attributes.classification == "internal"', True),
        ('action.name == "read" && request.id == "q1"', True),
        ('request.utterance.contains("invoices")', True),
        ('match.intent == "read-invoices" && match.score >= match.accept && match.margin > match.narrow', False),
        ('constants.nested.a[0] == "b"', True),
        ('facts.domains.to.all(d, d in constants.internal_domains) && facts.emails["to"].size() == 1', True),
        ("facts.grounded.to && facts.grounded.limit && !facts.grounded.path", True),
        ('facts.words.exists(w, w == "invoices") && facts.windows.business_hours', True),
        ('facts.paths.path == ["/etc/passwd"]', True),
        ('action.params.exists(k, k == "limit") && size(action.params) == 5', True),
        ('payload.kind == ""', True),
        ("[1, 2, 3].map(x, x * 2).exists(y, y == 4)", True),
        ('agent.id.matches("agent-[0-9]+") && "A-1".matches(constants.ticket)', True),
    ],
)
def test_what_a_rule_sees(when: str, wanted: bool) -> None:
    """Fields, constants and facts have the values of the request; whole numbers compare with doubles."""
    outcome = evaluate(when)
    assert (outcome.result, outcome.code, outcome.error) == (wanted, None, "")


@pytest.mark.parametrize(
    ("when", "named"),
    [
        ('action.params.cc == "x"', "action.params.cc"),
        ('action.params.cc == "x" || true', "action.params.cc"),
        ('true || action.params.cc == "x"', "action.params.cc"),
        ('false && action.params.cc == "x"', "action.params.cc"),
        ('[1].exists(i, i == 1 || action.params.cc == "x")', "action.params.cc"),
        ('true ? true : action.params.cc == "x"', "action.params.cc"),
        ("action.params.filter.other == 1 || true", "action.params.filter.other"),
        ('action.params["reply-to"] == "x"', 'action.params["reply-to"]'),
        ('agent.attributes.level == "x" || true', "agent.attributes.level"),
        ('request.context.ticket == "x" || true', "request.context.ticket"),
        ('principal.id == "x" || true', "principal.id"),
        ('agent.instance != "x"', "agent.instance"),
        ('session.id != "x" || true', "session.id"),
        ("payload.access == 'read' || true", "payload.access"),
        ("payload.star || true", "payload.star"),
        ("facts.grounded.cc || true", "facts.grounded.cc"),
        ('facts.emails["cc"].size() == 0 || true', "facts.emails.cc"),
        ("has(action.params.cc) || action.params.cc == 'x'", "action.params.cc"),
        ("has(action.params.cc) && true || action.params.cc == 'x' || true", "action.params.cc"),
        ("has(action.params.cc.name) || true", "action.params.cc"),
        ("has(action.params.filter) && action.params.filter.other == 1 || true", "action.params.filter.other"),
        ('payload.kind != "sql" && payload.star || true', "payload.star"),
        ('payload.kind == "mcp" && payload.star || true', "payload.star"),
    ],
)
def test_a_missing_attribute_is_refused_before_the_rule_runs(when: str, named: str) -> None:
    """Even where && or || would absorb it; the outcome names the attribute."""
    outcome = evaluate(when)
    assert (outcome.result, outcome.code) == (None, MISSING)
    assert outcome.error == f"the request has no {named}"


@pytest.mark.parametrize(
    ("when", "wanted"),
    [
        ("has(action.params.cc) && action.params.cc == 'x'", False),
        ("action.params.cc == 'x' && has(action.params.cc)", False),
        ("!has(action.params.cc) || action.params.cc == 'x'", True),
        ("!(has(action.params.cc) && action.params.cc == 'x')", True),
        ("!(!has(action.params.cc) || action.params.cc == 'x')", False),
        ("has(action.params.cc) ? action.params.cc == 'x' : true", True),
        ("!has(action.params.cc) ? true : action.params.cc == 'x'", True),
        ("'cc' in action.params && action.params.cc == 'x'", False),
        ("has(action.params.cc) && has(action.params.cc.name) && action.params.cc.name == 'x'", False),
        ("has(action.params.cc) && action.params.cc.name == 'x'", False),
        ("has(action.params.cc) && facts.grounded.cc && size(facts.emails.cc) == 0", False),
        ("(has(action.params.cc) && has(action.params.bcc)) && action.params.cc == action.params.bcc", False),
        ("has(principal.id) && principal.id == 'x'", False),
        ("has(session.id) || has(agent.instance)", False),
        ('payload.kind == "sql" && payload.star', False),
        ('"sql" == payload.kind && payload.star', False),
        ('payload.kind != "sql" || payload.star', True),
        ('payload.kind in ["sql", "ssh"] && payload.access == "read"', False),
        ("has(payload.limit) && payload.limit > 10", False),
    ],
)
def test_a_guarded_attribute_may_be_absent(when: str, wanted: bool) -> None:
    """has(), in, and the kind of the payload say so, on either side of && and ||."""
    outcome = evaluate(when)
    assert (outcome.result, outcome.code) == (wanted, None), outcome.error


@pytest.mark.parametrize("effect", RuleEffect)
@pytest.mark.parametrize(
    ("when", "code"),
    [
        ("action.params.nothing > 1", ERROR),
        ("action.params.filter > 1", ERROR),
        ("1 / (size(action.params.to) - 1) == 0", ERROR),
        ("action.params.to[5] == 'x'", ERROR),
        ("action.params.to.all(r, r.name == 'x')", ERROR),
        ("int(action.params.path) == 1", ERROR),
        ("!action.params.path", ERROR),
        ("action.params.path && true", ERROR),
        ("has(action.params.path.x)", ERROR),
        ("timestamp(action.params.path) < timestamp('2026-01-01T00:00:00Z')", ERROR),
        ("9223372036854775807 + size(action.params.to) > 0", ERROR),
        ("action.params.path", NOT_BOOLEAN),
        ("action.params.limit", NOT_BOOLEAN),
        ("action.params.to", NOT_BOOLEAN),
        ("action.params.filter", NOT_BOOLEAN),
        ("action.params.nothing", NOT_BOOLEAN),
        ("action.params.cc", MISSING),
    ],
)
def test_every_failure_has_its_code_whatever_the_effect(effect: RuleEffect, when: str, code: ReasonCode) -> None:
    """An error, no boolean, something missing: never an answer, in a deny, a require and a narrow alike."""
    rules = RuleSet.compile([rule(when, effect)], SETTINGS)
    outcome = rules.evaluate(context(rules, asked()))[0]
    assert (outcome.result, outcome.code) == (None, code)
    assert outcome.error


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, -math.inf, 2**53 + 1, -(2**70), 10**400, "x" * 70_000, list(range(3000)), {"k": [math.nan]},
     {1: "key"}, b"bytes", {"x", "y"}, object(), "\ud800"],
    ids=lambda v: f"{type(v).__name__}-{str(v)[:12]!r}",
)  # fmt: skip
def test_a_value_that_cannot_be_told_fails_the_rules_that_read_it(value: Any) -> None:
    """NaN, numbers beyond doubles, oversized and non-JSON values: an error there, and no other rule is touched."""
    params = {"bad": value, "good": 1}
    for when in ("action.params.bad != 1", "size(action.params) != 7", 'action.params.exists(k, k == "no")'):
        assert evaluate(when, asked(params)).code is ERROR, when
    assert evaluate("action.params.bad != 1 || action.params.good == 1", asked(params)).code is ERROR
    assert evaluate("action.params.good == 1", asked(params)).result is True
    assert evaluate('has(action.params.good) && agent.id == "agent-1"', asked(params)).result is True


def test_nesting_beyond_what_a_rule_reads_is_an_error_and_no_crash() -> None:
    """A value a thousand objects deep fails the rule; so does one that contains itself."""
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    endless: list[Any] = []
    endless.append(endless)
    for value in (deep, endless):
        assert evaluate("size(action.params.bad) == 1", asked({"bad": value})).code is ERROR


def test_the_runtime_stops_a_rule_that_loops_too_long() -> None:
    """10,000 turns, nested loops included; then the rule fails."""
    when = "action.params.l.all(a, action.params.l.all(b, true))"
    assert evaluate(when, asked({"l": list(range(99))})).result is True
    outcome = evaluate(when, asked({"l": list(range(100))}))
    assert (outcome.code, outcome.error) == (ERROR, "its loops took more than 10,000 turns, where the runtime stops")


@pytest.mark.parametrize(
    ("when", "result"), [("action.params.to > 5 || true", True), ("action.params.to > 5 && false", False)]
)
def test_an_error_that_the_answer_does_not_depend_on_is_absorbed(when: str, result: bool) -> None:
    """As CEL has it, for errors; for absence see above."""
    assert evaluate(when).result is result


def test_facts_that_cannot_be_told_fail_the_rules_that_name_them() -> None:
    """A path with NUL, or a fact that nobody computed."""
    outcome = evaluate("facts.paths.p.size() == 1", asked({"p": "/srv/%00"}))
    assert (outcome.code, outcome.error) == (ERROR, "facts.paths: a path holds a NUL character")
    rules = RuleSet.compile([rule("facts.words.size() == 1"), rule("true")], SETTINGS)
    first, second = rules.evaluate(RuleContext(asked(), None, MATCH, facts.Facts()))
    assert (first.code, first.error) == (ERROR, "facts.words: was not computed")
    assert second.result is True


def test_without_a_match_or_with_an_odd_score_rules_about_it_fail() -> None:
    """No match: missing. A score that is no number: an error."""
    assert evaluate("match.score > 0.5 || true", match=None).code is MISSING
    odd = MATCH.__class__("i", math.nan, 0.6, 0.5, math.nan)
    assert evaluate("match.score > 0.5 || true", match=odd).code is ERROR
    assert evaluate('match.intent == "i"', match=odd).result is True


def test_a_hostile_mapping_is_an_error_and_not_a_crash() -> None:
    """Whatever goes wrong while the variables are built, every rule fails."""

    class Hostile(dict[str, Any]):
        def items(self) -> Any:
            raise RuntimeError("boom")

    rules = RuleSet.compile([rule("size(action.params) == 0"), rule("true")], SETTINGS)
    request = asked(action=Action("read", Hostile(a=1)))
    outcomes = rules.evaluate(RuleContext(request, None, MATCH))
    assert {o.code for o in outcomes} == {ERROR}


PAYLOADS: dict[str, Payload] = {
    "sql": SqlPayload("SELECT id FROM sales.orders WHERE id = 1 LIMIT 5", "postgres", "shop"),
    "mcp": McpPayload("files", "read_file", {"path": "/srv/a"}),
    "http": HttpPayload("GET", "example.com", "/a/b?c=d"),
    "kubernetes": KubernetesPayload("get", "pods", namespace="shop", name="web"),
    "ssh": SshPayload("web-1", "ls -l /srv", "deploy"),
    "cloud": CloudPayload("aws", "s3", "GetObject", "bucket/key", "eu-central-1"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_vocabulary_has_exactly_what_payloads_tell(kind: str) -> None:
    """Each kind has the fields that rules may take for granted, none is left out, and each has the declared type."""
    told = derive(PAYLOADS[kind], Target("", ""), Action(""))
    assert told.parsed
    assert {*told.facts, "parsed", "access"} - {"limit"} == KINDS[kind]
    for name in told.facts:
        declared = cel_pb2.Payload.DESCRIPTOR.fields_by_name[name]
        values = told.facts[name] if declared.is_repeated else [told.facts[name]]
        kinds: dict[int, Any] = {9: str, 8: bool, 3: int, 11: dict}
        assert all(type(v) is kinds[declared.type] for v in values), name  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("kind", "when"),
    [
        ("sql", 'payload.relations == ["sales.orders"] && payload.limit == 5 && !payload.star && payload.has_where'),
        ("mcp", 'payload.tool == "read_file" && payload.argument_names == ["path"]'),
        ("http", 'payload.port + 1 > 0 && payload.query.c == ["d"] && payload.segments.size() == 2'),
        ("kubernetes", 'payload.namespace == "shop" && payload.subresource == "" && !payload.cluster_scoped'),
        ("ssh", 'payload.commands[0].program == "ls" && payload.command_count == 1 && "/srv" in payload.paths'),
        ("cloud", 'payload.operation == "GetObject" && payload.region.startsWith("eu-")'),
    ],
)
def test_rules_read_the_payload(kind: str, when: str) -> None:
    """What parsing found; an empty string of a payload is a value, not an absence."""
    told = derive(PAYLOADS[kind], Target("", ""), Action(""))
    outcome = evaluate(
        f'payload.kind == "{kind}" && payload.parsed && payload.access == "read" && {when}', payload=told
    )
    assert (outcome.result, outcome.error) == (True, "")


def test_the_words_agree_with_the_messages() -> None:
    """Every message variable is a message of cel.proto; facts per param are those that say so."""
    assert set(MESSAGES.values()) <= set(cel_pb2.DESCRIPTOR.message_types_by_name)
    by_param = {n for n, f in facts.FACTS.items() if f.type.value.startswith("map") and n != "windows"}
    assert by_param == PARAM_FACTS


BAD_RULES = [
    ("", (7, 11), "is empty", "write a condition"),
    ("action.params.limit >", (7, 32), "ends too early", "complete"),
    ("(true", (7, 16), "ends too early", "close every bracket"),
    ('agent.id == "x" and true', (7, 27), "'and'", "write && for and"),
    ('agent.id = "x"', (7, 20), "token recognition error", "write == to compare"),
    ('agnt.id == "x"', (7, 11), "there is no agnt.id", "did you mean agent.id?"),
    ('agent.ids == "x"', (7, 16), "agent has no field ids", "did you mean id?"),
    ("action.parms.x == 1", (7, 17), "action has no field parms", "did you mean params?"),
    ("payload.statment == 'x'", (7, 18), "payload has no field statment", "did you mean statement?"),
    ("has(agent.zzzzzz)", (7, 14), "agent has no field zzzzzz", "agent has attributes, id, instance"),
    ("facts.emials.to.size() > 0", (7, 11), "there is no facts.emials", "did you mean facts.emails?"),
    ("constants.internal_domain == []", (7, 11), "no constants.internal_domain", "constants.internal_domains?"),
    ("constants.nested.b == ['x']", (7, 27), "constants.nested.b is not in bundle.yaml", "under constants"),
    ("nope", (7, 11), "nope is neither a variable nor a function", "docs/rules.md"),
    ('agent.id.startWith("x")', (7, 29), "startWith is neither a variable nor a function", "did you mean startsWith?"),
    ("agent.id == 1", (7, 20), "== does not take (string, int)", "compare values of one type"),
    ("match.score > 1", (7, 23), "> does not take (double, int)", "write the whole number with .0"),
    ("agent.id && true", (7, 20), "&& does not take (string, bool)", "both sides must be conditions"),
    ('facts.grounded.to == "yes"', (7, 29), "== does not take (bool, string)", "compare values of one type"),
    ("agent.id", (7, 11), "gives STRING, not true or false", "compare the value"),
    ("action.params.limit + 1 > 2", (7, 31), "+ joins a double", "with .0"),
    ("action.params.limit % 2 == 0", (7, 31), "% needs whole numbers", "int(...)"),
    ("agent == agent", (7, 11), "agent is not a value by itself", "agent.id"),
    ("[1].all(agent, true)", (7, 18), "the loop variable agent hides", "another name"),
    ("google.protobuf.Struct{} == action.params", (7, 11), "builds a google.protobuf.Struct", "single fields"),
    ("type(1) == pdp.v1.cel.Agent", (7, 32), "pdp.v1.cel.Agent is a type", "single fields"),
    ("agent.id.matches('(')", (7, 28), "'(' is not a regular expression: missing )", "RE2"),
    ("agent.id.matches(action.params.p)", (7, 41), "the pattern of matches() is only known when", "constants"),
    ('payload.kind == "sqll"', (7, 27), "payload.kind is never 'sqll'", "did you mean sql?"),
    ('payload.access != "raed"', (7, 29), "payload.access is never 'raed'", "did you mean read?"),
    ("facts.windows.busines_hours", (7, 24), "no time window is called 'busines_hours'", "business_hours?"),
    ('"offce" in facts.networks.host', (7, 11), "no network is called 'offce'", "did you mean office?"),
    ('"offce" in facts.all_networks', (7, 11), "no network is called 'offce'", "did you mean office?"),
    ("[1].all(a, [1].all(b, [1].all(c, true)))", (7, 11), "loops nest 3 deep", "split"),
    ("(" * 40 + "true" + ")" * 40, (7, 11), "nests too deeply", "split"),
    ("action.params" + ".a" * 25 + " == 1", (7, 11), "nests 28 deep, at most 24", "split"),
    ("true || " * 1000 + "true", (7, 11), "has 8,004 characters, at most 4,000", "split"),
    ("action.params.l.all(a, action.params.body.contains(a))", (7, 11), "may take", "loop over a fact"),
    ("action.params.l.all(a, action.params.l.exists(b, a in action.params.l))", (7, 11), "may take", "loop over"),
    ('action.params.l.all(a, (action.params.s + action.params.s) != "")', (7, 11), "may take", "loop over"),
    ('agent.id == "x" &&\n  agent.idd == "y"', (8, 18), "agent has no field idd", "mean id?"),
    ('agent.id == "é" &&\n\n  payload.kind ==\n  "sqll"', (10, 13), "payload.kind is never", "sql?"),
]  # fmt: skip


@pytest.mark.parametrize(("when", "place", "message", "fix"), BAD_RULES, ids=[b[0][:40] for b in BAD_RULES])
def test_a_mistake_is_found_at_load_with_its_place_and_a_fix(
    when: str, place: tuple[int, int], message: str, fix: str
) -> None:
    """Line and column in the file, through the lines of a block scalar; what is wrong; what to do."""
    found = problems([rule(when, name="my-rule")], SETTINGS)
    assert found
    first = found[0]
    assert ((first.line, first.column), first.file) == (place, WHEN.file)
    assert message in first.message
    assert first.message.startswith("rule my-rule: ")
    assert fix in first.fix
    with pytest.raises(BundleError) as refused:
        RuleSet.compile([rule("true"), rule(when, name="my-rule")], SETTINGS)
    assert refused.value.problems == found


def test_every_mistake_is_reported_at_once() -> None:
    """One look at the list mends them all."""
    found = problems(
        [rule("agnt.id == 'x'", name="a"), rule("true"), rule("agent.ids == 'x' || agent.nme == 'y'", name="b")],
        SETTINGS,
    )
    assert [p.message.split(":")[0] for p in found] == ["rule a", "rule b", "rule b"]


@pytest.mark.parametrize(
    "when",
    [
        "facts.emails.to.all(e, constants.internal_domains.exists(d, e.endsWith('@' + d)))",
        "facts.emails.exists(p, facts.emails[p].exists(e, e.contains('admin')))",
        "action.params.to.all(r, r in constants.internal_domains)",
        "action.params.to.all(r, r in facts.all_emails)",
        "action.params.items.all(i, i.name.matches('[a-z]+') && i.price < 10.0)",
        " && ".join(f'agent.id != "{i}"' for i in range(100)),
    ],
)
def test_reasonable_rules_are_within_the_limits(when: str) -> None:
    """The limits stop runaway rules, not ordinary ones."""
    assert problems([rule(when)], SETTINGS) == ()


def test_constants_have_the_types_of_their_values() -> None:
    """So that comparing them wrongly is found at load; mixed lists are told apart only when the rule runs."""
    settings = Settings(
        {"n": 1, "d": 1.5, "s": "x", "b": True, "none": None, "mixed": [1, "x"], "empty": [], "m": {"k": [1]}}
    )
    good = "constants.n == 1 && constants.d == 1.5 && constants.b && constants.mixed[1] == 'x' && constants.m.k[0] == 1"
    assert problems([rule(good + " && size(constants.empty) == 0 && constants.none == null")], settings) == ()
    for bad in ("constants.n == 'x'", "constants.d == 1", "constants.m.k[0] == 'x'", "constants.b == 1"):
        assert problems([rule(bad)], settings), bad


def test_what_was_compiled_before_does_not_hide_a_mistake() -> None:
    """The same text under other settings is another rule, also where the constants are equal: 1 and true are."""
    asked_for = [rule("constants.open == true")]
    assert problems(asked_for, Settings({"open": True})) == ()
    assert problems(asked_for, Settings({"open": 1}))
    assert problems(asked_for, Settings({"open": True})) == ()


def test_rules_are_answered_in_order_and_shadow_rules_too() -> None:
    """One outcome a rule, in the order given; evaluating a part gives the same."""
    rules = [rule(f"action.params.limit > {n}", name=f"r{n}") for n in (5, 15, 5)]
    shadow = Rule("s", RuleEffect.DENY, "1 / 0 == 1", "m", WHEN, when_position=WHEN, mode=Mode.SHADOW)
    compiled = RuleSet.compile([*rules, shadow], SETTINGS)
    outcomes = compiled.evaluate(context(compiled, asked()))
    assert [o.rule for o in outcomes] == [*rules, shadow]
    assert [o.result for o in outcomes] == [True, False, True, None]
    part = compiled.only([shadow, rules[1]])
    assert [o.code for o in part.evaluate(context(part, asked()))] == [ERROR, None]
    assert part.rules == (shadow, rules[1])
    assert RuleSet.compile([], SETTINGS).evaluate(RuleContext(asked(), None, None)) == ()


def test_only_the_facts_that_rules_name_are_asked_for() -> None:
    """The others cost nothing; for params, only those that are named."""
    rules = RuleSet.compile(
        [rule("facts.grounded.to && facts.grounded.cc"), rule("facts.emails.exists(p, p == 'x')")], SETTINGS
    )
    assert rules.facts == {"grounded": frozenset({"to", "cc"}), "emails": None}
    assert rules.only([]).facts == {}


def test_an_outcome_shows_what_the_rule_read() -> None:
    """For explain: the values by the names they have in the rule, without what was absent."""
    outcome = evaluate('action.params.limit > 5 && agent.attributes["team"] != "x" && !has(principal.id)')
    assert outcome.values == {"action.params.limit": 10.0, "agent.attributes.team": "support"}


def test_the_same_text_twice_is_compiled_once() -> None:
    """A thousand intents with the same rule do not cost a thousand compilations."""
    rules = [rule("agent.id == 'x'", name=f"r{i}") for i in range(3000)]
    before = time.perf_counter()
    compiled = RuleSet.compile(rules, SETTINGS)
    assert time.perf_counter() - before < 5
    assert len(compiled.rules) == 3000


def test_rules_are_safe_to_use_from_several_threads() -> None:
    """Four threads with different requests never see each other's values."""
    rules = RuleSet.compile([rule("action.params.n == int(action.params.s)"), rule("facts.grounded.n")], SETTINGS)
    wrong: list[Any] = []

    def work(offset: int) -> None:
        for i in range(offset, offset + 400):
            request = asked({"n": i, "s": str(i)}, utterance=f"number {i}")
            outcomes = rules.evaluate(context(rules, request))
            wrong.extend(o for o in outcomes if o.result is not True)

    threads = [threading.Thread(target=work, args=(t * 1000,)) for t in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
PROBES = RuleSet.compile(
    [
        rule(when)
        for when in (
            "action.params.x > 1",
            "action.params.x == action.params.y",
            "size(action.params.x) > 1",
            "action.params.x.all(i, i > 1)",
            "has(action.params.x) && action.params.x in [1, 2]",
            "action.params.x.y.z",
            "action.params.exists(k, k == 'x')",
            "facts.grounded.x",
            "size(facts.ungrounded) == 0",
            "facts.emails.x.size() == 0 && facts.paths.x.size() > 0",
            "facts.all_networks.size() == 0 || facts.all_hosts.size() == 0",
            "string(action.params.x) == 'x'",
            "agent.attributes.x",
        )
    ],
    SETTINGS,
)


@given(st.dictionaries(st.sampled_from(["x", "y", "z"]), JSON, max_size=3), st.text(max_size=10))
def test_whatever_the_request_holds_a_rule_answers_or_fails(params: dict[str, Any], utterance: str) -> None:
    """Never an exception, never an answer together with a code, never the same request answered differently."""
    request = asked(params, utterance=utterance)
    outcomes = PROBES.evaluate(context(PROBES, request))
    for outcome in outcomes:
        assert (outcome.result is None) is (outcome.code is not None)
        assert bool(outcome.error) is (outcome.code is not None)
    assert outcomes == PROBES.evaluate(context(PROBES, request))


def test_a_rule_is_cheap() -> None:
    """A plain rule is a handful of calls, and ten are no more than ten times that."""
    texts = [f"action.params.limit > {n}" for n in range(50, 55)] + [f'agent.id == "a{n}"' for n in range(5)]
    rules = RuleSet.compile([rule(t) for t in texts], SETTINGS)
    seen = context(rules, full())
    assert calls(lambda: rules.evaluate(seen)) < 150


def test_a_request_without_a_gap_has_nothing_missing() -> None:
    """Every single field is there when the request fills it."""
    fields = (
        'agent.instance == "7" && principal.id == "noor" && session.id == "s1" && principal.attributes.role == "owner"'
    )
    assert evaluate(fields, full()).result is True
    assert evaluate(fields, asked(principal=Principal("noor"))).code is MISSING


def test_access_words() -> None:
    """The class of a payload's access reads as its lower-case name."""
    for access in Access:
        assert evaluate(f'payload.access == "{access.name.lower()}"', payload=derived("mcp", access)).result is True
