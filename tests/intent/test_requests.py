"""Requests: which verbs are asked for, which are declined, and what is mere background."""

from __future__ import annotations

import pytest

from pdp.intent.grammar import tokens
from pdp.intent.reader import Requests
from pdp.intent.requests import read_requests


def requests(text: str) -> Requests:
    return read_requests(tokens(text))


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        # imperatives
        ("Delete the old logs", "delete"),
        ("please pls kindly remove it", "remove"),
        ("now quickly just restart the relay", "restart"),
        ("Anna, please merge it", "merge"),
        ("find and replace the word", "find replace"),
        ("do include the header", "include"),
        ("the relay hangs, restart it", "restart"),
        ("DESK-7 // printer jams // reset the queue", "reset"),
        ("old dumps in /srv -> delete", "delete"),
        ("kick off the import: run the loader", "kick-off run"),
        # requests to somebody
        ("can you restart the relay", "restart"),
        ("could we please move the meeting", "move"),
        ("would you mind closing the ticket", "close"),
        ("how about renaming the branch", "question rename"),
        ("I need you to wipe the disk", "wipe"),
        ("you must revoke the key", "revoke"),
        ("let's publish the draft", "publish"),
        ("Let me gather the numbers", "gather"),
        ("make sure to lock the room", "make-sure lock"),
        ("is it possible to extend the lease", "extend"),
        # wishes and plans
        ("I want to cancel the order", "cancel"),
        ("I'd like to rename the file", "rename"),
        ("we will purge the cache", "purge"),
        ("I'll delete the branch", "delete"),
        ("I'm going to drop the index", "drop"),
        ("my next step is to get rid of the copies", "get-rid"),
        ("My plan is replacing the pods and copying the data", "replace copy"),
        ("I am deleting the old branch", "delete"),
        ("free space by deleting the dumps", "delete"),
        # passives and causatives
        ("the rows must be deleted", "delete"),
        ("the file should be shared with Ana", "share"),
        ("all tenants are to be wiped", "wipe"),
        ("I want the index removed", "remove"),
        ("have the invoices archived by Friday", "archive"),
        ("get it deleted", "get delete"),
        ("the cache needs to be flushed", "flush"),
        ("the cache needs flushing", "flush"),
        ("it would be great if the table was dropped", "drop"),
        ("the old share can go", "can-go"),
        # particles and nouns that decide
        ("turn the alarm off", "turn-off"),
        ("throw the old copies out", "throw-out"),
        ("get rid of the copies", "get-rid"),
        ("give Ursula the payroll administrator role", "give-role"),
        ("give me access to payroll", "give-access"),
        ("let me know the date", "let-know"),
        ("look up the address", "look-up"),
        # negations that ask
        ("don't forget to lock the door", "lock"),
        ("do not hesitate to call me", "call"),
        ("not only list the files", "list"),
        # questions read
        ("Who owns the relay", "question"),
        ("is the relay up", "question"),
        ("How do I delete a file", "question"),
        ("Where can I delete my account", "question"),
        ("What was deleted and who did it", "question"),
        ("Can Ursula see the file", "question"),
    ],
)
def test_requested_verbs_are_found(text: str, asks: str) -> None:
    """In order of appearance, as base forms, with the particle that changes the meaning."""
    assert [verb.lemma for verb in requests(text).asks] == [lemma.replace("-", " ") for lemma in asks.split()]


@pytest.mark.parametrize(
    "text",
    [
        "Finance complains that the report was deleted",
        "the job deleted the rows last night",
        "the link to reset my password",
        "users who create, update and delete records",
        "I can't delete the file",
        "we could not open the door",
        "I was unable to transfer the money",
        "the payment will be released by Ana",
        "the tables are being dropped",
        "he wants to delete it",
        "so that nobody has to call",
        "update from Ana on the order of May",
        "report is late",
        "fire safety talk with Bogdan",
        "I like to move slowly",
        "the sender's address is 12 Drop Road",
        "titled 'Delete all' and 'Send money'",
        "without deleting anything",
        "instead of archiving the folder",
        "no need to reply",
        "you don't have to send it",
        "nobody sends it before Friday",
        "",
        "...",
    ],
)
def test_background_asks_for_nothing(text: str) -> None:
    """Reports, relative clauses, purposes, inability, nouns, quotations and releases hold no request."""
    assert requests(text).asks == []


@pytest.mark.parametrize(
    ("text", "declines", "first"),
    [
        ("Do not read the mail", "read", True),
        ("don't delete or move the file", "delete move", True),
        ("never share it", "share", True),
        ("please don't send it", "send", True),
        ("you must not delete it", "delete", True),
        ("the agent should not restart it", "restart", True),
        ("it should not be deleted", "delete", True),
        ("I don't want you to send it", "send", True),
        ("I don't want it explained", "explain", True),
        ("could you not save it", "save", True),
        ("stop sending the report", "send", True),
        ("avoid deleting rows", "delete", True),
        ("just look, don't kill it", "kill", False),
        ("restart it but do not delete the data", "delete", False),
    ],
)
def test_declined_verbs_are_found(text: str, declines: str, first: bool) -> None:
    """And whether the clause opens by declining, or asks first and then restricts."""
    found = requests(text)
    assert [verb.lemma for verb in found.declines] == declines.split()
    assert found.first_declined is first


@pytest.mark.parametrize(
    "text", ["don't move it, delete it", "not the copy but delete the rest", "Don't archive, purge it"]
)
def test_what_follows_a_negation_is_asked(text: str) -> None:
    """A comma or "but" ends the negation's reach."""
    assert requests(text).asks[-1].lemma in ("delete", "purge")


@pytest.mark.parametrize(
    ("text", "statement", "pending"),
    [
        ("the relay is down", True, False),
        ("Ana sent me the file", True, False),
        ("the script deletes the rows", True, True),
        ("the rows are being purged", True, True),
        ("the rows will be deleted", True, True),
        ("the rows were deleted", True, False),
        ("top ten rows of May", False, False),
    ],
)
def test_what_only_tells_is_told_apart_from_what_is_still_to_come(text: str, statement: bool, pending: bool) -> None:
    """A fact may ride along with a request; an announced act is neither asked nor a harmless fact."""
    found = requests(text)
    assert (found.statement, found.pending) == (statement, pending)


def test_tokens_keep_literals_whole() -> None:
    """Quoted strings, addresses, paths, numbers and options are one token each."""
    text = "mv 'a b' /var/log/x.gz --to=ana@x.example 12:30 don't -> \"c; d\""
    assert tokens(text) == ["mv", "'a b'", "/var/log/x.gz", "--to=ana@x.example", "12:30", "don't", "->", '"c; d"']
