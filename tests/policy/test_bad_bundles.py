"""Every mistake in a bundle is named with file, line, column and a fix, and all of them at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from pdp.errors import BundleError, Problem
from pdp.policy.bundle import load
from pdp.policy.rules import problems as check_rules
from tests.policy.good_bundle import FILES, write

AGENTS, BUNDLE, CALIBRATION = "agents.yaml", "bundle.yaml", "calibration.json"
CLOSE, READ, RULES, TESTS = "intents/close.yml", "intents/read.yaml", "rules/all.yaml", "tests/desk.yaml"

# file, what stands there, what is written instead, line and column of the problem, part of its message, part of its fix
# fmt: off
MISTAKES = [
    (CLOSE, "owner: desk-team", "owner: 5", "3:8", "'owner' is the number 5, not text", 'put it in quotes: "5"'),
    (CLOSE, "[close_ticket]", "[close_ticket, ~]", "5:25", "an entry of 'actions' is nothing, not text", "quotes"),
    (READ, "description: Look up tickets.\n", "", "2:1", "the intent lacks 'description'",
     "add description: What it is for."),
    (READ, "id: read-tickets", "id: read tickets", "2:5", "'id' is 'read tickets', which is no name",
     "begin with a letter, then letters, digits, '-',"),
    (READ, "id: read-tickets", "id: 12", "2:5", "'id' is the number 12, not text", 'put it in quotes: "12"'),
    (READ, "id: read-tickets", "id:", "2:4", "'id' has no value", "write id: read-mail"),
    (READ, "id: read-tickets", "id: close-tickets", "2:5", "there are two intents 'close-tickets'",
     "rename one; the first is at intents/close.yml:1:5"),
    (READ, "description: Look up tickets.", "description: ''", "3:14", "'description' is empty",
     "write it, or remove it"),
    (READ, "description: Look up tickets.", "description: " + "x" * 1001, "3:14",
     "'description' has 1,001 characters, at most 1,000", "shorten it"),
    (READ, "owner: desk-team", 'owner: "a\\u0007b"', "4:8", "'owner' holds the control character U+0007", "remove it"),
    (READ, "[search_tickets, get_ticket]", "search_tickets", "8:10", "'actions' is text, not a list",
     "write actions: [...], or each entry on a line of"),
    (READ, "[search_tickets, get_ticket]", "[]", "8:10", "'actions' is empty", "add an entry"),
    (READ, "[search_tickets, get_ticket]", "[search_tickets, on]", "8:27",
     "an entry of 'actions' is on, a truth value to YAML 1.1, not", 'put it in quotes: "on"'),
    (READ, "[search_tickets, get_ticket]", "[2026-01-05]", "8:11",
     "an entry of 'actions' is 2026-01-05, a date to YAML 1.1,", 'put it in quotes: "2026-01-05"'),
    (READ, "[search_tickets, get_ticket]", "[1:30]", "8:11",
     "an entry of 'actions' is 1:30, a number in base 60 to YAML", 'put it in quotes: "1:30"'),
    (READ, "[search_tickets, get_ticket]", "[010]", "8:11",
     "an entry of 'actions' is 010, an octal number to YAML 1.1,", 'put it in quotes: "010"'),
    (READ, "[search_tickets, get_ticket]", "[1_000]", "8:11",
     "an entry of 'actions' is 1_000, a number that not every", 'put it in quotes: "1_000"'),
    (READ, "[search_tickets, get_ticket]", "[a, a]", "8:14", "“a” stands twice in 'actions'",
     "remove one; the first is in line 8"),
    (READ, "[search_tickets, get_ticket]", "[get_**]", "8:11",
     "the pattern 'get_**' has '**', which is no more than '*'", "write '*'; it matches '/' too"),
    (READ, "[search_tickets, get_ticket]", "['^get.*$']", "8:11",
     "the pattern '^get.*$' looks like a regular expression", "write '*' for any run of characters and '?' for"),
    (READ, "[search_tickets, get_ticket]", "['get_{a,b}']", "8:11",
     "the pattern 'get_{a,b}' has brackets, which stand for", "list the alternatives as patterns of their own"),
    (READ, "[search_tickets, get_ticket]", "['*a*b*c*d*e*f*g']", "8:11",
     "the pattern '*a*b*c*d*e*f*g' has 7 stars, at most 6", "split it into several patterns"),
    (READ, "[search_tickets, get_ticket]", "['get ']", "8:11", "the pattern 'get ' has blanks at its ends or hidden",
     "remove them"),
    (READ, '{kind: ticket, name: "*"}', "{kind: ticket}", "7:5", "the target lacks 'name'", 'add name: "*"'),
    (READ, '{kind: ticket, name: "*"}', "ticket", "7:5", "the target is text, not a mapping",
     "write its keys: kind, name"),
    (READ, "  - 'Find the ticket about the printer.'", "  - show me  MY open tickets.", "12:5",
     "“show me  MY open tickets.” stands twice in 'exemplars'", "remove one; the first is in line 10"),
    (READ, "  - 'Find the ticket about the printer.'", "  - Delete my open tickets.", "14:5",
     "“Delete my open tickets.” is an exemplar and a", "remove one; the other is in line 12"),
    (READ, "  - 'Find the ticket about the printer.'", "  - '  '", "12:5", "an entry of 'exemplars' is empty",
     "write it, or remove it"),
    (READ, "  - 'Find the ticket about the printer.'", "  - {a: b}", "12:5",
     "an entry of 'exemplars' is a mapping, not text", "put text that holds ': ' in quotes"),
    (READ, "  - 'Find the ticket about the printer.'", "  - yes", "12:5",
     "an entry of 'exemplars' is yes, a truth value to YAML 1.1,", 'put it in quotes: "yes"'),
    (READ, "  - 'Find the ticket about the printer.'", "  - 2024", "12:5",
     "an entry of 'exemplars' is the number 2024, not text", 'put it in quotes: "2024"'),
    (READ, "  - 'Find the ticket about the printer.'", "  - " + "word " * 201, "12:5",
     "an entry of 'exemplars' has 1,004 characters, at most 1,000", "shorten it"),
    (READ, "counter_exemplars:", "counter_examplars:", "13:1", "the intent has no key 'counter_examplars'",
     "did you mean 'counter_exemplars'?"),
    (READ, "actions:", "id: two\nactions:", "8:1", "'id' is given twice", "remove one; the first is in line 2"),
    (READ, "{accept: 0.6, narrow: 0.5}", "{accept: 0.4, narrow: 0.5}", "15:35",
     "'narrow' 0.5 lies above 'accept' 0.4", "swap them: accept is the higher one"),
    (READ, "{accept: 0.6, narrow: 0.5}", "{accept: 1.6, narrow: 0.5}", "15:22", "'accept' is 1.6",
     "write a number from 0.01 to 1"),
    (READ, "{accept: 0.6, narrow: 0.5}", "{accept: 0.6}", "15:13", "'thresholds' lacks 'narrow'", "add narrow: 0.5"),
    (READ, "{accept: 0.6, narrow: 0.5}", "{accept: .nan, narrow: 0.5}", "15:22",
     "'accept' is .nan, not a finite number, not a number", "write a number from 0.01 to 1"),
    (READ, "{accept: 0.6, narrow: 0.5}", "{accept: high, narrow: 0.5}", "15:22", "'accept' is text, not a number",
     "write a number from 0.01 to 1"),
    (READ, "{accept: 0.6, narrow: 0.5}", "0.6", "15:13", "'thresholds' is the number 0.6, not a mapping",
     "write its keys: accept, narrow"),
    (READ, "row_limit: 100", "row_limit: 0", "19:14", "'row_limit' is 0", "write a number from 1 to 1,000,000,000"),
    (READ, "row_limit: 100", "row_limit: 1.5", "19:14", "'row_limit' is 1.5, not a whole number", "write 1"),
    (READ, "read_only: true", "read_only: false", "18:14", "'read_only' can only be true",
     "write true, or remove the key"),
    (READ, "{param: bcc, remove: true}", "{param: bcc}", "31:53", "nothing is said about the param 'bcc'",
     "add at_most, at_least, one_of, prefix or remove"),
    (READ, "{param: bcc, remove: true}", "{remove: true}", "31:53", "the entry of 'params' lacks 'param'",
     "add param: limit"),
    (READ, "{param: bcc, remove: true}", "{param: bcc, remove: true, prefix: a}", "31:74",
     "the param 'bcc' is removed, and bounded too", "keep one of the two"),
    (READ, "at_most: 20, at_least: 1", "at_most: 1, at_least: 20", "17:49", "no number is at least 20 and at most 1",
     "swap them"),
    (READ, "at_most: 20", "at_most: many", "17:36", "'at_most' is text, not a number",
     "write for example at_most: 50"),
    (READ, "at_most: 20", "atmost: 20", "17:27", "the entry of 'params' has no key 'atmost'",
     "did you mean 'at_most'?"),
    (READ, "one_of: [open, 1]", "one_of: []", "17:77", "'one_of' is empty", "add an entry"),
    (READ, "one_of: [open, 1]", "one_of: [[open]]", "17:78", "an entry of 'one_of' is a list",
     "write text, a number or a truth value"),
    (READ, "one_of: [open, 1]", "one_of: [open, no]", "17:84", "no is a truth value to YAML 1.1",
     'write "no" for text, or a plain decimal number'),
    (READ, "prefix: /srv/", "prefix: ''", "31:45", "'prefix' is empty", "write it, or remove it"),
    (READ, "{type: notify, properties: {to: owner}}", "{properties: {to: owner}}", "20:17",
     "the obligation lacks 'type'", "add type: approval"),
    (READ, "type: notify", "type: 'notify owner'", "20:24", "'type' is 'notify owner', which is no name",
     "begin with a letter, then letters, digits, '-',"),
    (READ, "properties: {to: owner}", "properties: owner", "20:44", "'properties' is text, not a mapping",
     "write properties: {name: value}"),
    (READ, "effect: deny", "effect: forbid", "23:13", "'effect' is 'forbid'", "choose from deny, narrow, require"),
    (READ, "effect: deny", "effect: narow", "23:13", "'effect' is 'narow'", "did you mean 'narrow'?"),
    (READ, "    message: Passwords stay with the person.\n", "", "22:5", "the rule lacks 'message'",
     "add message: Say why."),
    (READ, "effect: deny", "effect: deny\n    narrow: {read_only: true}", "24:13",
     "a rule with effect deny narrows nothing", "remove it, or write effect: narrow"),
    (READ, "    narrow: {params: [{param: path, prefix: /srv/}, {param: bcc, remove: true}]}\n", "", "26:5",
     "a narrow rule without 'narrow' changes nothing", "add narrow: {params: [...]} or narrow:"),
    (READ, "{params: [{param: path, prefix: /srv/}, {param: bcc, remove: true}]}", "{}", "31:13",
     "the narrow block is empty", "add params, read_only, row_limit or obligations,"),
    (READ, "mode: shadow", "mode: dry-run", "30:11", "'mode' is 'dry-run'", "choose from enforce, shadow"),
    (READ, "id: few-at-once", "id: no-passwords", "26:9", "there are two rules 'no-passwords'",
     "rename one; the first is at intents/read.yaml:22:9"),
    (READ, "when: true", "when: [true]", "28:11", "'when' is a list, not a CEL expression",
     "write it as text: when: '...'"),
    (READ, "when: true", "when: ''", "28:11", "'when' is empty", "write a CEL expression, or 'true' for always"),
    (READ, "seconds: 60", "seconds: 301", "32:18", "'seconds' is 301", "write a number from 1 to 300"),
    (READ, "uses: 1", "uses: 0", "32:28", "'uses' is 0", "write a number from 1 to 1,000,000"),
    (READ, "uses: 1", "uses: 1.5", "32:28", "'uses' is 1.5, not a whole number", "write 1"),
    (READ, "owner: desk-team", "owner: &o desk-team", "4:8", "the anchor &o is not accepted",
     "remove it and write values out where they are used"),
    (READ, "owner: desk-team", "owner: *o", "4:8", "the alias *o is not accepted", "write the value out"),
    (READ, "owner: desk-team", "owner: !!str desk-team", "4:8", "the tag tag:yaml.org,2002:str is not accepted",
     "remove it; quotes make text"),
    (READ, "owner: desk-team", "<<: {a: b}\nowner: desk-team", "4:1", "a merge key is not accepted",
     "write the values out"),
    (READ, "owner: desk-team", "? [a]\n: b\nowner: desk-team", "4:3", "a key must be one word", "write key: value"),
    (READ, "owner: desk-team", "owner: desk-team\n---\na: b", "5:1", "a second document is not accepted",
     "keep one document in a file; remove the line '---'"),
    (READ, "owner: desk-team", "owner: a: b", "4:9", "not YAML: mapping values are not allowed in this context",
     "put text that holds ': ' in quotes, or mend the"),
    (READ, "owner: desk-team", "owner: @desk", "4:8", "not YAML: plain text cannot begin with '@'",
     "put the text in quotes"),
    (READ, "  - {kind: ticket", "\t- {kind: ticket", "7:1", "not YAML: a tab is used to indent", "indent with spaces"),
    (READ, "[search_tickets, get_ticket]", "[search_tickets, get_ticket", "9:10",
     "not YAML: did not find expected ',' or ']'", "close the bracket, or put the text in quotes"),
    (READ, '"What did the customer write?"', '"What did \\q"', "11:15", "not YAML: found unknown escape character",
     "double the backslash, or use single quotes"),
    (RULES, "rules:\n", "rules:\n  - all\n", "2:5", "the rule is text, not a mapping",
     "write its keys: id, effect, when, message, mode,"),
    (RULES, "effect: require", "effect: require\n    mode:", "4:10", "'mode' has no value", "write mode: ..."),
    (BUNDLE, "name: help-desk", "name: help desk", "1:7", "'name' is 'help desk', which is no name",
     "begin with a letter, then letters, digits, '-',"),
    (BUNDLE, "owner: help-desk@example.com\n", "", "1:1", "bundle.yaml lacks 'owner'",
     "add owner: mail-team@example.com"),
    (BUNDLE, "10.0.0.0/8", "10.0.0.1/8", "5:21", "'10.0.0.1/8' is not a CIDR range", "did you mean '10.0.0.0/8'?"),
    (BUNDLE, "10.0.0.0/8", "10.0.0.0/33", "5:21", "'10.0.0.0/33' is not a CIDR range",
     "write for example 10.0.0.0/8 or 2001:db8::/32"),
    (BUNDLE, '["10.0.0.0/8", "2001:db8::/32"]', "10.0.0.0/8", "5:20",
     "a network is a list of 1 to 10,000 CIDR ranges; this one is", 'write for example ["10.0.0.0/8"]'),
    (BUNDLE, "office:", "our-office:", "5:12", "'our-office' is no name for an entry of 'networks'",
     "use letters, digits and '_', not beginning with a"),
    (BUNDLE, "[mon, tue, wed]", "[mon, tuesday]", "7:32", "there is no day 'tuesday'", "did you mean 'tue'?"),
    (BUNDLE, "[mon, tue, wed]", "[mon, mon]", "7:32", "“mon” stands twice in 'days'",
     "remove one; the first is in line 7"),
    (BUNDLE, '"08:00"', "10:30", "7:50", "'start' is 10:30, a number in base 60 to YAML 1.1, not text",
     'put it in quotes: "10:30"'),
    (BUNDLE, '"08:00"', '"8am"', "7:50", "'start' is '8am', not a time of day", 'write start: "08:00"'),
    (BUNDLE, '"18:00"', '"24:00"', "7:66", "'until' is '24:00', not a time of day",
     'write "00:00"; a window may end on the next day'),
    (BUNDLE, "Europe/Berlin", "Europe/Berln", "7:85", "there is no time zone 'Europe/Berln'",
     "did you mean 'Europe/Berlin'?"),
    (BUNDLE, "Europe/Berlin", "Mars", "7:85", "there is no time zone 'Mars'",
     "write an IANA name such as Europe/Berlin, or UTC"),
    (BUNDLE, "Europe/Berlin", "../../etc/passwd", "7:85", "there is no time zone '../../etc/passwd'",
     "write an IANA name such as Europe/Berlin, or UTC"),
    (BUNDLE, "most: 10", "most: 010", "4:52", "010 is an octal number to YAML 1.1",
     'write "010" for text, or a plain decimal number'),
    (BUNDLE, "most: 10", "no: 10", "4:46", "'no' is no name for an entry of 'constants'",
     "use letters, digits and '_', not beginning with a"),
    (BUNDLE, "constants:", "constant:", "4:1", "bundle.yaml has no key 'constant'", "did you mean 'constants'?"),
    (BUNDLE, "business_hours:", "business hours:", "7:3", "'business hours' is no name for an entry of 'windows'",
     "use letters, digits and '_', not beginning with a"),
    (AGENTS, "intents: [read-tickets]", "intents: [read-ticket]", "2:48", "there is no intent 'read-ticket'",
     "did you mean 'read-tickets'?"),
    (AGENTS, '"*-tickets"', '"mail-*"', "6:15", "no intent matches 'mail-*'",
     "choose from close-tickets, read-tickets"),
    (AGENTS, "id: spiffe://example.com/agent/*", "id: desk-bot", "3:9", "there are two agents 'desk-bot'",
     "rename one; the first is at agents.yaml:2:10"),
    (AGENTS, "    owner: desk-team\n", "", "3:5", "the agent lacks 'owner'", "add owner: mail-team@example.com"),
    (AGENTS, "intents: [read-tickets]", "intents: []", "2:47", "'intents' is empty", "add an entry"),
    (CALIBRATION, '"format": 1', '"format": 2', "2:13", "the file has another format than this program reads",
     'write "format": 1'),
    (CALIBRATION, '"sha256:00ff"', "12", "3:14", "'encoder' is the number 12, not text", 'put it in quotes: "12"'),
    (CALIBRATION, '"sha256:00ff"', '"MiniLM"', "3:14", "'encoder' is no fingerprint",
     "copy what pdp status shows: sha256: and 64 digits"),
    (CALIBRATION, '"accept": 0.6', '"accept": NaN', "4:25", "not JSON: NaN is no JSON value",
     "mend the syntax here or just before"),
    (CALIBRATION, '"accept": 0.6', '"accept": 0.4', "4:40", "'narrow' 0.5 lies above 'accept' 0.4",
     "swap them: accept is the higher one"),
    (CALIBRATION, '"format": 1,', '"format": 1', "3:3", "not JSON: expected , or }",
     "mend the syntax here or just before"),
    (CALIBRATION, '"counter_gap"', '"gap"', "7:3", "calibration.json has no key 'gap'",
     "choose from counter_gap, counter_weight, default,"),
    (CALIBRATION, '{"read-tickets"', '{"read-ticket"', "5:15", "there is no intent 'read-ticket'",
     "did you mean 'read-tickets'?"),
    (CALIBRATION, "1.5", "-1", "6:21", "'counter_weight' is -1", "write a number from 0 to 100"),
    (CALIBRATION, '"default": {"accept": 0.6, "narrow": 0.5},\n', "", "1:1", "calibration.json lacks 'default'",
     'add default: {"accept": 0.6, "narrow": 0.5}'),
    (CALIBRATION, '"notes": {"made": "by hand"}', '"notes": {"made": "by hand"}, "format": 1', "8:33",
     "'format' is given twice", "remove one; the first is in line 2"),
    (CALIBRATION, '"by hand"', '"\\ud800"', "8:21", "half of a surrogate pair", "write the character itself"),
    (CALIBRATION, '"by hand"}', '"by hand",}', "8:31", "not JSON: expected a key in double quotes",
     "mend the syntax here or just before"),
    (TESTS, "effect: allow", "effect: permit", "12:22", "'effect' is 'permit'", "choose from allow, deny, narrow"),
    (TESTS, "reasons: [allowed]", "reasons: [rule_denied]", "12:61", "there is no reason 'rule_denied'",
     "did you mean 'rule_deny'?"),
    (TESTS, "intent: read-tickets", "intent: read-mail", "12:37", "there is no intent 'read-mail'",
     'write "" for no intent'),
    (TESTS, "now: 2026-01-06T09:30:00+01:00", "now: yesterday", "3:10", "'yesterday' is not an instant",
     "write it with its zone: 2026-01-05T10:00:00Z"),
    (TESTS, "now: 2026-01-06T09:30:00+01:00", "now: 2026-01-06T09:30:00", "3:10",
     "'2026-01-06T09:30:00' has no time zone", "write it with its zone: 2026-01-05T10:00:00Z"),
    (TESTS, "payload: {http:", "payload: {htpp:", "17:17", "the payload has no key 'htpp'", "did you mean 'http'?"),
    (TESTS, "headers: {accept: text/plain}}}", "headers: {accept: text/plain}}, ssh: {host: h, command: ls}}",
     "17:16", "a payload is of exactly one kind", "keep one of sql, mcp, http, kubernetes, ssh, cloud"),
    (TESTS, "method: GET, ", "", "17:23", "the http payload lacks 'method'", "add method: ..."),
    (TESTS, "headers: {accept: text/plain}", "headers: {accept: 1}", "17:95",
     "the header 'accept' is the number 1, not text", 'put it in quotes: "1"'),
    (TESTS, "      agent: desk-bot\n", "", "15:7", "the request lacks 'agent'", "add agent: mail-assistant"),
    (TESTS, "name: a call by its payload", "name: an agent looks up tickets", "13:11",
     "there are two tests 'an agent looks up tickets'", "rename one; the first is at tests/desk.yaml:2:11"),
    (TESTS, 'expect: {effect: deny, intent: "", reasons', "expect: {effect: deny, params: {a: 1}, reasons", "18:36",
     "a denied request has no params", "remove them, or expect another effect"),
    (TESTS, "      action: {name: get_ticket, params: {limit: 5}}\n", "", "5:7", "the request lacks 'action'",
     "add action: ..."),
    (TESTS, "obligations: [notify]", "obligations: notify", "12:84", "'obligations' is text, not a list",
     "write obligations: [...], or each entry on a line"),
]
# fmt: on

# The same, where a key is missing because another one is misspelt: both are said.
MISSPELT = [
    (READ, "owner: desk", "ownr: desk", ("2:1", "lacks 'owner'"), ("4:1", "no key 'ownr'")),
    (READ, 'name: "*"}', 'nam: "*"}', ("7:5", "lacks 'name'"), ("7:20", "no key 'nam'")),
    (READ, "    when: true", "    unless: true", ("26:5", "lacks 'when'"), ("28:5", "no key 'unless'")),
    (RULES, "rules:", "rule:", ("1:1", "lacks 'rules'"), ("1:1", "no key 'rule'")),
    (TESTS, "    expect: {effect: deny", "    expects: {effect: deny", ("13:5", "lacks"), ("18:5", "no key 'expects'")),
]


def problems(directory: Path, changed: dict[str, str | bytes]) -> tuple[Problem, ...]:
    """What loading says about the good bundle with some files changed."""
    with pytest.raises(BundleError) as refused:
        load(write(directory, {**FILES, **changed}))
    return refused.value.problems


def changed(file: str, old: str, new: str) -> dict[str, str | bytes]:
    assert FILES[file].count(old) >= 1
    return {file: FILES[file].replace(old, new, 1)}


@pytest.mark.parametrize(
    ("file", "old", "new", "place", "message", "fix"),
    MISTAKES,
    ids=[f"{m[0]}:{m[3]} {m[4]}" for m in MISTAKES],
)
def test_a_mistake_is_named_with_its_place_and_a_fix(
    tmp_path: Path, file: str, old: str, new: str, place: str, message: str, fix: str
) -> None:
    """One mistake is one problem: file, line, column, what is wrong, what to do about it, and nothing beside."""
    found = problems(tmp_path, changed(file, old, new))
    assert len(found) == 1, "\n".join(map(str, found))
    assert str(found[0]).startswith(f"{file}:{place}: ")
    assert message in found[0].message
    assert fix in found[0].fix


@pytest.mark.parametrize(("file", "old", "new", "missing", "unknown"), MISSPELT, ids=[m[2] for m in MISSPELT])
def test_a_misspelt_key_is_told_from_a_missing_one(
    tmp_path: Path, file: str, old: str, new: str, missing: tuple[str, str], unknown: tuple[str, str]
) -> None:
    """Both are said where they are: the mapping that lacks the key, and the key that it has instead."""
    found = problems(tmp_path, changed(file, old, new))
    said = {(f"{p.line}:{p.column}", p.message) for p in found}
    assert len(found) == 2
    for place, message in (missing, unknown):
        assert any(at == place and message in text for at, text in said)


def test_all_mistakes_come_at_once_in_file_order(tmp_path: Path) -> None:
    """A bundle with one mistake in each file is refused once, with all of them."""
    every: dict[str, str | bytes] = {}
    for file in (AGENTS, BUNDLE, CALIBRATION, CLOSE, READ, RULES, TESTS):
        _, old, new, *_ = next(m for m in MISTAKES if m[0] == file)
        every |= changed(file, old, new)
    found = problems(tmp_path, every)
    assert [p.file for p in found] == sorted(every)
    assert list(found) == sorted(found)


def test_several_mistakes_in_one_file_are_all_named(tmp_path: Path) -> None:
    """Reading goes on behind a mistake."""
    text = (
        FILES[READ]
        .replace("id: read-tickets", "id: 7")
        .replace("accept: 0.6", "accept: 6")
        .replace("uses: 1", "uses: x")
    )
    assert [(p.line, p.column) for p in problems(tmp_path, {READ: text})] == [(2, 5), (15, 22), (32, 28)]


def test_a_file_full_of_mistakes_is_cut_short(tmp_path: Path) -> None:
    """A hundred problems of one file are enough, and the last one says that there are more."""
    text = "agents:\n" + "".join(f"  - {{id: agent-{n}}}\n" for n in range(500))
    found = [p for p in problems(tmp_path, {AGENTS: text}) if p.file == AGENTS]
    assert len(found) == 100
    assert "more wrong" in found[-1].message


def test_an_unreadable_intent_does_not_make_others_unknown(tmp_path: Path) -> None:
    """What names an intent is not blamed while the file of that intent cannot be read."""
    found = problems(tmp_path, {READ: "id: [read-tickets\n"})
    assert {p.file for p in found} == {READ}


def test_rules_are_checked_with_the_rest(tmp_path: Path) -> None:
    """What the rule compiler finds stands beside what the files show, at the very characters of the expression."""
    files = {**FILES, **changed(RULES, 'action.name != ""', 'action.nam != ""')}
    files |= changed(AGENTS, "owner: desk-team", "owner: ''")
    with pytest.raises(BundleError) as refused:
        load(write(tmp_path, files), check_rules)
    assert [p.file for p in refused.value.problems] == [AGENTS, RULES]
    assert "nam" in refused.value.problems[1].message


def test_bytes_that_are_no_text_are_located(tmp_path: Path) -> None:
    """Wrong encodings and stray control characters have a line and a column as well."""
    broken: dict[str, tuple[bytes, str, str]] = {
        CLOSE: (b"id: a\nowner: \xff\n", "2:8", "not UTF-8"),
        READ: ("id: caf\u00e9\nowner: a\u2028b\n".encode(), "2:9", "U+2028"),
        RULES: (b"\xef\xbb\xbfrules: []\n", "1:1", "byte order mark"),
        AGENTS: ("agents: []\n".encode("utf-16"), "1:1", "not UTF-8"),
        TESTS: (b"tests:\n  - name: a\x00b\n", "2:12", "U+0000"),
        BUNDLE: (b"name: a\rowner: b\n", "1:8", "U+000D"),
    }
    found = problems(tmp_path, {name: data for name, (data, _, _) in broken.items()})
    for name, (_, place, message) in broken.items():
        hits = [p for p in found if p.file == name]
        assert [f"{p.line}:{p.column}" for p in hits] == [place], name
        assert message in hits[0].message


def test_hostile_yaml_ends_at_once(tmp_path: Path) -> None:
    """Deep nesting, endless references and huge files are refused for what they are, in no time."""
    hostile: dict[str, tuple[str, str]] = {
        CLOSE: ("a: " + "[" * 300_000, "nested more than 24"),
        READ: ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "the anchor &a"),
        RULES: ("rules: " + "- " * 200, "not YAML"),
        AGENTS: ("x: " + "y" * 1_100_000, "over 1,048,576 bytes"),
        CALIBRATION: ("[" * 300_000, "nested more than 24"),
        BUNDLE: ("a: {" * 1000, "nested more than 24"),
        TESTS: ("", "empty"),
    }
    found = problems(tmp_path, {name: text for name, (text, _) in hostile.items()})
    for name, (_, message) in hostile.items():
        assert any(p.file == name and message in p.message for p in found), name


def test_a_message_stays_readable_whatever_it_quotes(tmp_path: Path) -> None:
    """A problem names what is wrong, not all of it."""
    long = "9" * 100_000
    found = problems(
        tmp_path, {BUNDLE: f"{FILES[BUNDLE]}k{long}: a\n", **changed(TESTS, "limit: 5}}\n", f"limit: {long}}}}}\n")}
    )
    assert [p.file for p in found] == [BUNDLE, TESTS]
    assert all(len(str(p)) < 1000 for p in found)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    """Each file that a bundle needs is missed by name."""
    write(tmp_path, FILES)
    for name in (AGENTS, BUNDLE, CALIBRATION, CLOSE, READ):
        (tmp_path / name).unlink()
    with pytest.raises(BundleError) as refused:
        load(tmp_path)
    assert [p.file for p in refused.value.problems] == [AGENTS, BUNDLE, CALIBRATION, "intents"]
    assert all(p.fix for p in refused.value.problems)


def test_no_directory_is_said(tmp_path: Path) -> None:
    """A wrong path is told from a bad bundle."""
    with pytest.raises(BundleError, match="no such directory"):
        load(tmp_path / "nowhere")
