"""A bundle is loaded whole: every value where the file says it, with its place, and warnings apart from mistakes."""

from __future__ import annotations

import dataclasses
import time
from datetime import time as clock
from ipaddress import ip_network
from pathlib import Path

import pytest

from pdp.errors import BundleError, Problem
from pdp.policy.bundle import load, revision
from pdp.policy.checks import warnings
from pdp.policy.model import (
    AgentEntry,
    Bundle,
    GrantSettings,
    Mode,
    Narrowing,
    NarrowKind,
    Rule,
    RuleEffect,
    Settings,
    TargetPattern,
    TextRun,
    Window,
)
from pdp.policy.rules import problems as check_rules
from pdp.scoring import CalibrationData, Thresholds
from pdp.types import Effect, HttpPayload, Obligation, Position
from tests.policy.good_bundle import FILES, write


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return load(write(tmp_path), check_rules)


def loaded(directory: Path, **changed: str) -> Bundle:
    """The good bundle with some files changed; ``__`` in a name stands for ``/`` and a suffix ``.yaml`` is added."""
    files = {f"{name.replace('__', '/')}.yaml": text for name, text in changed.items()}
    return load(write(directory, {**FILES, **files}))


def test_the_head_is_read(bundle: Bundle, tmp_path: Path) -> None:
    """Name, owner and the named things that rules use."""
    assert (bundle.name, bundle.owner, bundle.path) == ("help-desk", "help-desk@example.com", str(tmp_path))
    assert bundle.revision == revision(tmp_path)
    assert bundle.settings == Settings(
        constants={"internal_domains": ["example.com"], "most": 10},
        networks={"office": (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))},
        windows={"business_hours": Window(frozenset({0, 1, 2}), clock(8), clock(18), "Europe/Berlin")},
    )


def test_intents_come_in_file_order_with_all_they_say(bundle: Bundle) -> None:
    """Nothing that an intent says is lost, and what it leaves out has the documented default."""
    close, read = bundle.intents
    assert (close.id, close.agents, close.mode, close.grant) == ("close-tickets", ("*",), Mode.ENFORCE, GrantSettings())
    assert (close.thresholds, close.counter_exemplars, bool(close.narrow)) == (None, (), False)
    assert read.agents == ("desk-*",)
    assert read.targets == (TargetPattern("ticket", "*"),)
    assert read.actions == ("search_tickets", "get_ticket")
    assert read.thresholds == Thresholds(0.6, 0.5)
    assert [e.text for e in read.exemplars] == [
        "Show me my open tickets.",
        "What did the customer write?",
        "Find the ticket about the printer.",
    ]
    assert [(str(e.position), e.text) for e in read.counter_exemplars] == [
        ("intents/read.yaml:14:5", "Delete my open tickets.")
    ]


def test_a_narrowed_scope_is_read_with_the_place_of_each_cut(bundle: Bundle) -> None:
    """Cuts stand where their values do; obligations of a rule carry its id."""
    read = bundle.intents[1]
    assert [(n.kind, n.param, n.value) for n in read.narrow.narrowings] == [
        (NarrowKind.AT_MOST, "limit", 20),
        (NarrowKind.AT_LEAST, "limit", 1),
        (NarrowKind.ONE_OF, "state", ["open", 1]),
        (NarrowKind.READ_ONLY, "", True),
        (NarrowKind.ROW_LIMIT, "", 100),
    ]
    assert read.narrow.narrowings[0].position == Position("intents/read.yaml", 17, 36)
    assert read.narrow.obligations == (Obligation("notify", {"to": "owner"}),)
    assert read.rules[1].scope.narrowings[1] == Narrowing(
        NarrowKind.REMOVE, "bcc", True, Position("intents/read.yaml", 31, 74)
    )


def test_an_obligation_names_its_rule(tmp_path: Path) -> None:
    """A gateway and an auditor can tell which rule asked for it."""
    duty = RULES_WITH_DUTY
    (rule,) = loaded(tmp_path, rules__all=duty).rules
    assert rule.scope.obligations == (Obligation("approval", {"by": "owner"}, "ask"),)


RULES_WITH_DUTY = """\
rules:
  - id: ask
    effect: narrow
    when: 'true'
    message: The owner agrees.
    narrow: {obligations: [{type: approval, properties: {by: owner}}]}
"""


def test_rules_know_where_their_expressions_stand(bundle: Bundle) -> None:
    """``place`` leads from a character of the expression to the file, past quotes, indentation and folding."""
    quoted, plain = bundle.intents[1].rules
    (folded,) = bundle.rules
    assert quoted.when_position == Position("intents/read.yaml", 24, 12)
    assert quoted.place(quoted.when.index("password")) == Position("intents/read.yaml", 24, 12 + 28)
    assert (plain.when, plain.mode, plain.effect) == ("true", Mode.SHADOW, RuleEffect.NARROW)
    assert folded.position == Position("rules/all.yaml", 2, 5)
    assert folded.when_position == Position("rules/all.yaml", 5, 7)
    assert folded.place(folded.when.index("action")) == Position("rules/all.yaml", 6, 10)


@pytest.mark.parametrize(
    ("offset", "line", "column"), [(0, 3, 8), (4, 3, 12), (5, 4, 2), (7, 4, 4), (9, 6, 1), (40, 6, 32)]
)
def test_a_place_is_counted_from_the_run_it_lies_in(offset: int, line: int, column: int) -> None:
    """Each run begins anew; beyond the last one counting goes on."""
    start = Position("r.yaml", 3, 8)
    runs = (TextRun(5, 4, 2), TextRun(9, 6, 1))
    rule = Rule("r", RuleEffect.DENY, "0123456789", "no", start, start, when_runs=runs)
    assert rule.place(offset) == Position("r.yaml", line, column)


def test_agents_are_read(bundle: Bundle) -> None:
    """Ids or patterns, with owner and intents."""
    assert bundle.agents == (
        AgentEntry("desk-bot", "desk-team", ("read-tickets",), Position("agents.yaml", 2, 5)),
        AgentEntry(
            "spiffe://example.com/agent/*", "desk-team", ("*-tickets",), Position("agents.yaml", 3, 5), "Everyone else."
        ),
    )


def test_calibration_is_read(bundle: Bundle) -> None:
    """Thresholds for all, for some, and how counter-exemplars weigh."""
    assert bundle.calibration == CalibrationData(
        encoder="sha256:00ff",
        default=Thresholds(0.6, 0.5),
        intents={"read-tickets": Thresholds(0.7, 0.4)},
        counter_weight=1.5,
        counter_gap=0.1,
        notes={"made": "by hand"},
    )


def test_cases_are_read_as_requests(bundle: Bundle) -> None:
    """A case is a request at an instant of its own, and what is expected of it."""
    first, second = bundle.cases
    assert first.now == 1_767_688_200.0
    assert (first.request.agent.instance, first.request.principal.id) == ("a1", "ada@example.com")
    assert first.request.agent.attributes == {"team": "desk"}
    assert (first.request.session_id, first.request.context) == ("s1", {"channel": "chat"})
    assert (first.request.target.attributes, first.request.action.params) == ({"open": True}, {"limit": 5})
    assert (first.expect.effect, first.expect.intent, first.expect.reasons) == (
        Effect.ALLOW,
        "read-tickets",
        ("allowed",),
    )
    assert (first.expect.obligations, first.expect.params) == (("notify",), {"limit": 5})
    assert second.request.payload == HttpPayload("GET", "desk.example.com", "/tickets", {"accept": "text/plain"})
    assert (second.request.target.kind, second.request.action.name, second.request.utterance) == ("", "", "")
    assert (second.expect.intent, second.expect.params) == ("", None)


def test_a_case_without_an_instant_happens_on_a_monday_morning(bundle: Bundle) -> None:
    """The default never moves: a test that passes today passes next year."""
    assert bundle.cases[1].now == 1_767_607_200.0  # 2026-01-05T10:00:00Z


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ("{sql: {text: select 1, dialect: postgres, database: main}}", "SqlPayload"),
        ("{mcp: {server: s, tool: t, arguments: {a: [1, {b: c}]}}}", "McpPayload"),
        ("{http: {method: GET, host: h, path: /}}", "HttpPayload"),
        ("{kubernetes: {verb: get, resource: pods, namespace: ''}}", "KubernetesPayload"),
        ("{ssh: {host: h, command: ls -l}}", "SshPayload"),
        ("{cloud: {provider: aws, service: s3, operation: GetObject, params: {Bucket: b}}}", "CloudPayload"),
    ],
)
def test_every_kind_of_payload_can_be_tested(tmp_path: Path, payload: str, kind: str) -> None:
    """What a gateway can send, a test can write."""
    case = f"tests:\n  - {{name: n, request: {{agent: a, payload: {payload}}}, expect: {{effect: deny}}}}\n"
    assert type(loaded(tmp_path, tests__desk=case).cases[0].request.payload).__name__ == kind


def test_an_empty_list_may_stand_where_it_says_the_same_as_none(tmp_path: Path) -> None:
    """No rules, no counter-exemplars, no wanted reasons: an author may keep the key for later."""
    tests = "tests:\n  - {name: t, request: {agent: a, payload: {ssh: {host: h, command: ls}}}, expect: EXPECT}\n"
    tests = tests.replace("EXPECT", "{effect: deny, reasons: [], obligations: [], params: {}}")
    intent = FILES["intents/close.yml"] + "rules: []\ncounter_exemplars: []\n"
    bundle = load(write(tmp_path, {**FILES, "intents/close.yml": intent, "tests/desk.yaml": tests}))
    assert (bundle.intents[0].rules, bundle.intents[0].counter_exemplars) == ((), ())
    assert (bundle.cases[0].expect.reasons, bundle.cases[0].expect.params) == ((), {})


def test_a_mistake_in_a_folded_rule_is_shown_in_its_own_line(tmp_path: Path) -> None:
    """What the compiler finds in the second source line of a folded expression is there, not far right in the first."""
    rules = FILES["rules/all.yaml"].replace("action.name !=", "action.nam !=")
    with pytest.raises(BundleError) as refused:
        load(write(tmp_path, {**FILES, "rules/all.yaml": rules}), check_rules)
    assert [(p.file, p.line) for p in refused.value.problems] == [("rules/all.yaml", 6)]
    assert rules.splitlines()[5][refused.value.problems[0].column - 1 :].startswith((".nam", "action.nam", "nam"))


def test_a_window_may_last_all_day_or_over_midnight(tmp_path: Path) -> None:
    """``until`` at or before ``start`` belongs to the next day."""
    window = '{days: [sat, sun], start: "22:00", until: "22:00", timezone: UTC}'
    head = f"name: n\ndescription: d\nowner: o\nwindows: {{weekend: {window}, business_hours: {window}}}\n"
    windows = loaded(tmp_path, bundle=head).settings.windows
    assert windows["weekend"] == Window(frozenset({5, 6}), clock(22), clock(22), "UTC")


def test_rules_are_handed_to_the_checker_all_together(tmp_path: Path) -> None:
    """Global rules first, then those of intents, with the settings they may use."""
    seen: list[object] = []

    def check(rules: object, settings: object) -> tuple[Problem, ...]:
        seen.extend([[r.id for r in rules], settings])  # type: ignore[attr-defined]
        return ()

    bundle = load(write(tmp_path), check)
    assert seen == [["only-at-work", "no-passwords", "few-at-once"], bundle.settings]


COMPETING = FILES["intents/close.yml"].replace("Close ticket 12.", "show me  my open Tickets.")


def test_one_text_cannot_stand_for_two_intents_that_compete(tmp_path: Path) -> None:
    """Which of them matched would be chance, so it is refused, with both places."""
    with pytest.raises(BundleError) as refused:
        load(write(tmp_path, {**FILES, "intents/close.yml": COMPETING.replace("[close_ticket]", '["*"]')}))
    (problem,) = refused.value.problems
    assert str(problem).startswith(
        "intents/read.yaml:10:5: “Show me my open tickets.” is an exemplar of the intent close"
    )
    assert "intents/close.yml:6:13" in problem.fix


def test_intents_that_never_compete_may_share_a_text(tmp_path: Path) -> None:
    """No request is for both actions, so nothing is left to chance: a warning is enough."""
    bundle = load(write(tmp_path, {**FILES, "intents/close.yml": COMPETING}))
    assert any("is an exemplar of the intent close-tickets too" in w.message for w in warnings(bundle))


def messages(bundle: Bundle) -> list[str]:
    return [f"{w.file}:{w.line} {w.message}" for w in warnings(bundle)]


def test_a_good_bundle_has_nothing_to_warn_of_but_what_is_untested(bundle: Bundle) -> None:
    """Warnings have places and fixes like problems do."""
    assert messages(bundle) == ["intents/close.yml:1 no test expects the intent close-tickets"]
    assert all(w.fix for w in warnings(bundle))


def test_an_intent_that_no_agent_may_use_is_warned_of(bundle: Bundle) -> None:
    """It grants nothing to anybody, which is seldom meant."""
    changed = dataclasses.replace(bundle, agents=bundle.agents[:1])
    assert "intents/close.yml:1 no agent may use the intent close-tickets" in messages(changed)


def test_few_and_disguised_exemplars_are_warned_of(tmp_path: Path) -> None:
    """Two exemplars are hardly enough, and an invisible character in one is hardly meant."""
    exemplars = 'exemplars: ["Close ti\\u200bcket 12.", Done.]'
    text = FILES["intents/close.yml"].splitlines()[:-1]
    bundle = load(write(tmp_path, {**FILES, "intents/close.yml": "\n".join([*text, exemplars, ""])}))
    found = messages(bundle)
    assert "intents/close.yml:6 the intent close-tickets has fewer than 3 exemplars" in found
    assert "intents/close.yml:6 the exemplar holds the invisible character U+200B" in found


def test_an_intent_in_shadow_needs_no_test(tmp_path: Path) -> None:
    """It grants nothing, so there is nothing to prove yet."""
    bundle = load(write(tmp_path, {**FILES, "intents/close.yml": FILES["intents/close.yml"] + "mode: shadow\n"}))
    assert messages(bundle) == []


MANY = """\
id: intent-{n}
description: Read the things number {n}.
owner: team-{n}@example.com
targets:
  - {{kind: table, name: "things_{n}"}}
actions: [read_{n}]
exemplars: [{exemplars}]
rules:
  - {{id: rule-{n}, effect: deny, when: 'action.name == "x{n}"', message: No.}}
"""


def test_a_thousand_intents_load_in_about_a_second(tmp_path: Path) -> None:
    """Large bundles stay editable: a thousand intents with eight exemplars each; a busy machine has some leave."""
    many = {
        f"intents/i{n:04}.yaml": MANY.format(n=n, exemplars=", ".join(f"Show thing {n} as {k}" for k in range(8)))
        for n in range(1000)
    }
    keep = {name: FILES[name] for name in ("bundle.yaml",)}
    agents = 'agents: [{id: a, owner: o, intents: ["*"]}]\n'
    calibration = FILES["calibration.json"].replace('"read-tickets"', '"intent-7"')
    write(tmp_path, {**keep, **many, "agents.yaml": agents, "calibration.json": calibration})
    began = time.perf_counter()
    assert len(load(tmp_path).intents) == 1000
    assert time.perf_counter() - began < 6
