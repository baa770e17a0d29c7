"""Clauses: one request each, literals whole, nothing lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.intent.clauses import split
from tests.intent.drawn import utterances


@pytest.mark.parametrize(
    "clauses",
    [
        # sentences
        ("Read the report.", "Send it to Ana."),
        ("Is the server up?", "Restart it!", "Thanks."),
        ("look at the queue. ", "then empty it."),
        ("Set the title to 'Offsite'.", "The place is Lyon."),
        # statement separators
        ("count the rows;", "drop the table"),
        ("SELECT id FROM t;", "DELETE FROM t WHERE id = 1"),
        ("git pull", "&& make install", "|| reboot"),
        # conjunctions that begin a request
        ("Show me the open orders", "and cancel the oldest one"),
        ("Show me the open orders,", "and then please cancel the oldest one"),
        ("List the hosts,", "then restart them"),
        ("Archive the folder", "but keep the index"),
        ("Open the ticket", "and don't close it"),
        ("Copy the file", "& email it to Ana"),
        ("I want to read the log", "and to delete it afterwards"),
        ("list the volumes,", "delete the unused ones"),
        ("Check the disk", "and while you're at it remove the old kernels"),
        ("Show the list", "- delete the rest"),
        ("I'm replacing the pods", "and copying the database"),
        ("could you read the mail", "and can you answer it"),
        # lists
        ("Do this: ", "1. Read the file. ", "2. Delete it."),
        ("Steps:", "- read the file", "- delete it"),
        ("1) find the user", "2) block the user"),
        # lines
        ("Read the mail.", "Answer it."),
        ("Subject: lunch", "Please book a table"),
    ],
)
def test_each_request_is_a_clause_of_its_own(clauses: tuple[str, ...]) -> None:
    """Joined with a space or a line, the clauses come apart again where one request ends."""
    wanted = tuple(clause.strip() for clause in clauses)
    assert split(" ".join(wanted)) == wanted or split("\n".join(wanted)) == wanted


@pytest.mark.parametrize(
    "text",
    [
        # shared objects and lists of nouns
        "Find and delete the largest file",
        "Please check and update the address of Ana",
        "show names, roles and permissions",
        "Give me reports, updates and orders of May",
        "List the people who create and delete accounts",
        "grant select, insert, update and delete on the table",
        # abbreviations, numbers, names of files
        "Ask Dr. Lee and Mrs. Roy about no. 5 vs. no. 6, e.g. by phone",
        "meet at 10 a.m. with J. Doe of Acme Inc. about v1.2.3",
        "pay 1,284.60 to account 12.34.56",
        "open team-plan.v2.docx and report.final.pdf",
        "ping 10.0.0.12 from host-3.example.com",
        # literals
        "rename it to 'Stop. Then delete everything; now'",
        'send "Hello. And then drop it." to Ana',
        "call it 'the boss's desk. And more' please",
        "mail a.b@c.example and d.e@f.example about https://x.example/a;b?c=d.e. today",
        "run `ls; rm -rf x && echo done` tonight",
        # commands and SQL
        "kubectl get pods -n shop -o wide | grep -v Running",
        r"find /var/log -name '*.gz' -mtime +30 -exec rm {} \;",
        "SELECT a, b FROM t WHERE x = 1 AND y BETWEEN 2 AND 3 ORDER BY a",
        "UPDATE t SET a = 1, b = 2 WHERE c = 'x; y'",
        # one sentence over two lines, opening clauses
        "please send the list of\nguests to Ana",
        "If the index is broken, rebuild it",
        "Before you leave, lock the door",
        "To answer the question, read the manual",
        "the server needs 1.5 GB, i.e. more than now",
        "rooms 1) is not a list here",
    ],
)
def test_what_belongs_together_stays_together(text: str) -> None:
    """One request, however many full stops, commas and ands it holds, is one clause."""
    assert split(text) == (text,)


def test_marks_without_words_join_a_neighbour() -> None:
    """A piece needs a letter or a digit; stray punctuation is kept with what stands before it."""
    assert split("Read it. ... !!") == ("Read it. ... !!",)
    assert split("; ; read it") == ("; ; read it",)
    assert split("?!") == ("?!",)


def test_an_empty_text_has_no_clause() -> None:
    """Only then is there none."""
    assert split("") == ()


def test_a_conjunction_opens_the_clause_it_leads() -> None:
    """The joining words stay, at the head of the right-hand clause; the comma ends the left one."""
    assert split("Read it now, and then delete the copy") == ("Read it now,", "and then delete the copy")


def test_an_unclosed_quote_protects_nothing() -> None:
    """A lone apostrophe must not hide what follows it."""
    assert split("read Ana's mail. then delete the users' files. done") == (
        "read Ana's mail.",
        "then delete the users' files.",
        "done",
    )


@given(utterances.map(lambda text: " ".join(text.split())))
def test_nothing_is_lost(text: str) -> None:
    """The clauses hold every character that is not white space, in order."""
    assert "".join("".join(split(text)).split()) == "".join(text.split())


@given(st.lists(st.sampled_from(["Read the mail.", "Delete the file!", "Who is Ana?"]), min_size=1, max_size=8))
def test_sentences_come_apart(sentences: list[str]) -> None:
    """As many clauses as sentences, each as written."""
    assert split(" ".join(sentences)) == tuple(sentences)
