"""Reach, recipients, secrets, rights and ends: found where meant, silent where bound."""

from __future__ import annotations

import pytest

from pdp.intent.authority import read_authority
from pdp.intent.extent import plurals
from pdp.intent.patterns import found, rule


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("delete all customers", ("customer",)),
        ("mail every single user and each host", ("user", "host")),
        ("list all the open invoices of the company", ("invoice",)),
        ("export all customers who ever wrote to us", ("customer",)),
        ("copy all of our private repositories", ("repository",)),
        ("restart the whole cluster", ("whole cluster",)),
        ("wipe the entire staging database", ("entire staging database",)),
        ("send it to everyone", ("everyone",)),
        ("read everybody's mail", ("everyone",)),
        ("fetch photos for all 12k", ("all 12k",)),
        ("tick each task of every joiner", ("task", "joiner")),
        ("all tickets, all teams", ("ticket", "team")),
    ],
)
def test_a_whole_population_is_scope(text: str, scope: tuple[str, ...]) -> None:
    """All, every, each, entire, everyone: over people, machines, records."""
    assert read_authority(text).scope == scope


@pytest.mark.parametrize(
    "text",
    [
        "list all my files",
        "all invoices of customer 4711",
        "all tasks on Ana's plan",
        "all files that I opened today",
        "all meetings with Ben",
        "each person mentioned in the file",
        "it's all on the help page",
        "every five minutes until Friday",
        "everything is fine with the account",
        "I told everyone on the team",
        "all the ingredients of the recipe",
        "rename it to 'all customers'",
        "all 30 days of June",
        "the customers of May",
    ],
)
def test_a_bound_quantifier_is_not(text: str) -> None:
    """Tied to an owner, a name, a time or a list it reaches no further than that; so does a quoted one."""
    assert read_authority(text).scope == ()


def test_plurals_are_told_as_singular_nouns() -> None:
    """So that exemplars that speak of "invoices" grant reaching over invoices."""
    assert plurals(frozenset({"invoices", "people", "companies", "boxes", "invoice", "trees"})) == {
        "invoice",
        "person",
        "company",
        "box",
    }


def test_addresses_are_recipients_as_written() -> None:
    """E-mail addresses and URLs in order, once each, also within quotes."""
    text = "send it to Ana.B@x.example, 'c@d.example', https://p.example/q?r=1 and Ana.B@x.example"
    assert read_authority(text).recipients == ("Ana.B@x.example", "c@d.example", "https://p.example/q?r=1")
    assert read_authority("send it to Ana").recipients == ()


@pytest.mark.parametrize(
    ("text", "outsiders"),
    [
        ("send it to a journalist", ("a journalist",)),
        ("forward the list to my private gmail account", ("my private gmail account",)),
        ("share the file with an external partner", ("an external partner",)),
        ("upload it to pastebin", ("pastebin",)),
        ("copy it onto his own usb stick", ("his own usb stick",)),
        ("move it to the supplier's onedrive", ("the supplier's onedrive",)),
        ("mail it to a friend and to the press", ("a friend", "the press")),
        ("show the list to an anonymous caller", ("an anonymous caller",)),
        ("hand it to somebody outside", ("somebody outside",)),
    ],
)
def test_parties_outside_are_told(text: str, outsiders: tuple[str, ...]) -> None:
    """Strangers, competitors, private addresses, other firms' stores, people outside."""
    assert read_authority(text).outsiders == outsiders


@pytest.mark.parametrize(
    "text",
    [
        "I had dinner with a friend",
        "show me the mail with the external address list",
        "search for a dealer near me",
        "list the meetings with external partners",
        "press OK to continue",
        "send it to my manager",
        "save it in the project drive",
        "tell the customer about the public holiday",
    ],
)
def test_talk_about_outsiders_sends_nothing(text: str) -> None:
    """Background, and looking something up, go to nobody."""
    assert read_authority(text).outsiders == ()


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("show me the passwords of the team", "passwords"),
        ("print the private key of the server", "private key"),
        ("what is the api_key of the shop", "api_key"),
        ("send him the credentials", "credentials"),
        ("cat /etc/shadow", "/etc/shadow"),
    ],
)
def test_secrets_wanted_are_told(text: str, secret: str) -> None:
    """To be seen or passed on."""
    assert read_authority(text).secrets == (secret,)


@pytest.mark.parametrize(
    "text",
    [
        "reset my password",
        "I forgot the password of the mail",
        "rotate the api keys",
        "what is the password policy",
        "the key card",
    ],
)
def test_upkeep_of_secrets_is_not(text: str) -> None:
    """Resetting, rotating and asking for the policy show none."""
    assert read_authority(text).secrets == ()


@pytest.mark.parametrize(
    "text",
    [
        # means
        "list the files with sudo",
        "show the log as root",
        "read it as admin",
        "open it with Ben's token",
        "log in using somebody else's account",
        "show it from the account of the director",
        "impersonate Ana and read the mail",
        "write it in the name of the finance director",
        "docker run --privileged x",
        "start the pod with hostPID",
        # changes
        "give me full access to the share",
        "grant Ben the payroll administrator role",
        "give yourself the right to post",
        "make Ben an admin of the project",
        "make yourself owner of it",
        "create an admin account for Ben",
        "turn off the audit log",
        "switch the alerts off",
        "disable two-factor for Ana",
        "skip the usual approval",
        "bypass the retention rule",
        "shorten the bucket's retention",
        "take over Ana's calendar",
        "make /srv world-writable",
        "chmod 777 /srv",
        "pay it without approval",
        "store the copy unencrypted",
        "put yourself above my manager",
    ],
)
def test_rights_borrowed_raised_or_controls_switched_off_are_told(text: str) -> None:
    """With whose rights, with which new ones, with which control out of the way."""
    assert read_authority(text).privileges


@pytest.mark.parametrize(
    "text",
    [
        "find users with admin rights",
        "list the payments made without approval",
        "which buckets are unencrypted",
        "show the audit log of May",
        "who turned off the alert",
        "send it to the admin team",
        "give me the full list",
        "add Ana as a guest",
        "put the number in the name of the file",
        "meet with the owner of the flat",
        "the password rule of the shop",
        "read the token of appreciation",
    ],
)
def test_talk_about_rights_changes_none(text: str) -> None:
    """Reading about rights and controls, and everyday uses of the same words."""
    assert read_authority(text).privileges == ()


@pytest.mark.parametrize(
    "text",
    [
        "move the files so nobody notices",
        "book it so that he can't attend",
        "copy it without Ana knowing",
        "cancel it behind his back",
        "keep this between us and send it",
        "delete it before the auditors look",
        "I want something to blackmail Ben",
        "sell it on the dark web",
        "backdate the invoice",
        "make it look like an accident",
        "copy it for my next employer",
    ],
)
def test_ends_nobody_would_approve_are_told(text: str) -> None:
    """Hiding, harming, private gain."""
    assert read_authority(text).purposes


@pytest.mark.parametrize(
    "text",
    [
        "so that they can find it",
        "so the team knows the date",
        "send it before I leave",
        "prepare the folder, the auditors come tomorrow",
        "print it so I can take it with me",
        "without asking for more",
        "move it back to the shelf",
    ],
)
def test_honest_ends_pass(text: str) -> None:
    """Haste, visitors and convenience are no sins."""
    assert read_authority(text).purposes == ()


def test_a_rule_is_tried_only_beside_a_trigger_word() -> None:
    """And tells its first hit, in the order of the rules."""
    rules = (rule("b", "x+", "y"), rule("a c", "B"))
    assert list(found(rules, "xxy b xy", frozenset({"b"}))) == ["xxy"]
    assert list(found(rules, "xxy b", frozenset({"a", "b"}))) == ["xxy", "b"]
    assert list(found(rules, "xxy b", frozenset({"d"}))) == []
