"""MCP tool calls: the tool is the action, the arguments are the params, the target is the agent's word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.native import derive
from pdp.native.mcp import VERBS, access_of
from pdp.types import Access, Action, McpPayload, Target

R, W, D, E, A, U = Access.READ, Access.WRITE, Access.DELETE, Access.EXECUTE, Access.ADMINISTER, Access.UNKNOWN


@pytest.mark.parametrize(
    "tool, access",
    [
        ("get_unread_emails", R),
        ("searchFiles", R),
        ("list-orders", R),
        ("mcp__calendar__list_events", R),
        ("github.create_issue", W),
        ("send_email", W),
        ("email_send", W),
        ("calendar_event_create", W),
        ("create_calendar_event", W),
        ("delete_file", D),
        ("file_delete", D),
        ("get_and_delete", D),
        ("read_then_purge_mail", D),
        ("run_query", E),
        ("executeSQL", E),
        ("grant_access", A),
        ("get_run_status", R),
        ("get_last_update", R),
        ("list_orders_to_post", R),
        ("check_post", R),
        ("update_call_status", W),
        ("weather", U),
        ("do_it", U),
        ("gmail", U),
    ],
)
def test_verbs_in_the_name_tell_the_access(tool, access):
    """The worst verb, wherever it stands; behind a leading verb most nouns are nouns."""
    assert access_of(tool) is access


@given(st.sampled_from(sorted(VERBS)), st.sampled_from(["{}_thing", "{}Thing", "srv__{}_thing", "srv.{}-thing"]))
def test_a_leading_verb_always_counts(verb, shape):
    """In every way of writing a tool's name."""
    assert access_of(shape.format(verb)) >= VERBS[verb]


@given(
    st.lists(st.sampled_from(["delete", "purge", "execute", "grant", "create", "get", "list"]), min_size=1, max_size=4)
)
def test_adding_a_verb_never_lowers(verbs):
    """A longer name is at least as dangerous as the shorter one it begins with."""
    for end in range(1, len(verbs)):
        assert access_of("_".join(verbs[: end + 1])) >= access_of("_".join(verbs[:end]))


def test_unknown_access_is_still_understood():
    """Not knowing what a tool does is no reason to call the call unreadable."""
    derived = derive(McpPayload("srv", "weather"), Target("", ""), Action(""))
    assert (derived.parsed, derived.access) == (True, U)


def test_tool_and_arguments_fill_in_what_is_not_declared():
    """Server, tool and arguments."""
    derived = derive(McpPayload("mail", "send_email", {"to": "a@b.example"}), Target("", ""), Action(""))
    assert derived.target == Target("mcp", "mail")
    assert derived.action == Action("send_email", {"to": "a@b.example"})
    assert derived.facts["argument_names"] == ["to"]


@pytest.mark.parametrize(
    "target", [Target("mailbox", "own"), Target("mailbox", ""), Target("", "own"), Target("mcp", "mail")]
)
def test_a_declared_target_stands(target):
    """The payload does not say which object a tool acts on; what is left empty is the server."""
    derived = derive(McpPayload("mail", "send_email"), target, Action("send_email"))
    assert derived.mismatches == ()
    assert derived.target == Target(target.kind or "mcp", target.name or "mail")


def test_another_server_is_a_mismatch():
    """Declaring kind ``mcp`` names the server."""
    derived = derive(McpPayload("mail", "send_email"), Target("mcp", "calendar"), Action(""))
    assert derived.mismatches == ("target: declared mcp server 'calendar', but the call goes to 'mail'",)


@pytest.mark.parametrize(
    "name, found", [("a@b.example", True), ("17", True), ("2.5", True), ("own", False), ("", False)]
)
def test_rules_can_ask_whether_the_call_bears_the_target_out(name, found):
    """Any value among the arguments, however deep; numbers as one would write them."""
    arguments = {"to": ["x", {"address": "a@b.example"}], "id": 17.0, "v": 2.5, "ok": True}
    derived = derive(McpPayload("mail", "send_email", arguments), Target("thing", name), Action(""))
    assert derived.facts["target_in_arguments"] is found


@pytest.mark.parametrize(
    "declared, said",
    [
        (Action("get_email"), "action: declared 'get_email', but the payload does 'send_email'"),
        (Action("send_email", {"to": "x", "n": 1}), "action.params.to: declared value differs from the payload's"),
        (
            Action("send_email", {"to": "a", "cc": "b", "n": 1}),
            "action.params.cc: declared, but not borne out by the payload",
        ),
        (Action("send_email", {"to": "a"}), "action.params.n: in the payload, but left out of the declared params"),
        (Action("send_email", {"to": "a", "n": True}), "action.params.n: declared value differs from the payload's"),
    ],
)
def test_lies_are_mismatches(declared, said):
    """Another tool, another value, another type, one too many, one too few."""
    derived = derive(McpPayload("mail", "send_email", {"to": "a", "n": 1}), Target("", ""), declared)
    assert derived.mismatches == (said,)


def test_equal_numbers_are_equal():
    """JSON knows one kind of number."""
    payload = McpPayload("mail", "send_email", {"n": 1.0, "deep": {"l": [1, 2]}})
    declared = Action("send_email", {"deep": {"l": [1.0, 2.0]}, "n": 1})
    assert derive(payload, Target("", ""), declared).mismatches == ()


@pytest.mark.parametrize("tool", ["", "a\nb", "a" * 200, "x\u202ey", "<tool>", "a;b"])
def test_names_that_are_none_are_refused(tool):
    """A tool's name is a name."""
    assert not derive(McpPayload("mail", tool), Target("", ""), Action("")).parsed
