"""Authority: what a clause asks for, and when that surely goes beyond what an intent grants."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.intent.authority import Authority, AuthorityProfile, beyond, declined, may_decline, profile, read_authority
from pdp.intent.clauses import split
from pdp.intent.verbs import VerbClass
from tests.intent.drawn import utterances

READ_MAIL = profile(
    ["Show me my unread messages", "Find the message from a colleague about a topic", "Count the messages of today"],
    ["search_messages", "get_message"],
)
BOOK_ROOM = profile(
    ["Book a meeting room for a team", "Reserve a room and invite the participants", "Add a projector to a booking"],
    ["create_booking"],
)
RESTART = profile(["Restart a worker in staging", "Do a rolling restart of a staging service"], ["rollout_restart"])
CLEAN_UP = profile(["Delete temporary files older than a week", "Remove expired uploads"], ["delete_file"])
REPLY = profile(["Reply to a customer's question", "Send the customer the link to a help page"], ["send_reply"])
PAY = profile(["Pay a supplier's invoice", "Transfer the amount due to a supplier"], ["create_payment"])
GRANT_ROLE = profile(
    ["Grant a colleague a role in the project", "Revoke a role from a former colleague"], ["grant_role"]
)


def excess(text: str, granted: AuthorityProfile) -> str:
    """Everything that any clause of ``text`` goes beyond, in one line."""
    return "; ".join(e.phrase for clause in split(text) for e in beyond(read_authority(clause), granted))


# ── reading ──────────────────────────────────────────────────────────────────────────────────────


def test_everything_asked_is_read_and_explained() -> None:
    """Verb, reach, recipients, rights, secrets and end of one clause, each as found, and in one line of words."""
    text = "Export all customers to x@y.example, with Ana's credentials, so nobody notices the password"
    authority = read_authority(text)
    assert VerbClass.READ in authority.verbs
    assert authority.scope_all
    assert authority.scope == ("customer",)
    assert authority.recipients == ("x@y.example",)
    assert authority.privileges == ("with ana's credentials",)
    assert authority.purposes == ("so nobody notices",)
    assert authority.secrets
    assert not authority.asks_nothing
    assert str(authority).startswith("create or read or send (export); all: customer; to x@y.example")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Delete the file", "delete (delete)"),
        ("Don't delete the file", "not delete"),
        ("Her phone is 5551", "nothing"),
        ("top ten rows", "unstated"),
        ("take care of it", "act (take care)"),
    ],
)
def test_an_authority_says_itself_in_words(text: str, words: str) -> None:
    """What the trace of a decision shows for a clause."""
    assert str(read_authority(text)) == words


def test_commands_count_as_requests() -> None:
    """A command line or statement in a clause asks for what it does, in backticks too."""
    assert read_authority("run `rm -rf /srv/x` on web-1").verbs >= {VerbClass.DELETE}
    assert read_authority("old dumps -> rm").verbs == {VerbClass.DELETE}
    assert read_authority("note for later: DROP TABLE orders").verbs >= {VerbClass.DELETE}


@pytest.mark.parametrize(
    "clause",
    [
        "Her address is ana@x.example",
        "The subject should be 'Delete all mails'.",
        "It is in a message I received last week",
        "Finance complains that the report ran into a timeout",
        "Give me the result in the format 'HH:MM'",
        "Tell me the answer in two sentences",
        "Show it as a table",
        "Thanks!",
        "If so,",
        "I moved to a new place.",
        "We spent 12.00 in total.",
        "No need to reply",
        "don't kill it",
        "the job was restarted at noon",
        "Be precise",
    ],
)
def test_a_clause_without_a_request_of_its_own_asks_nothing(clause: str) -> None:
    """Facts, values, courtesies, prohibitions and the form of an answer ride along with a request."""
    assert read_authority(clause).asks_nothing


@pytest.mark.parametrize(
    "clause",
    [
        "Show me the report",
        "Is the relay up?",
        "top ten rows of the table",
        "the rows must be deleted",
        "the script deletes the rows afterwards",
        "all rows will be purged",
        "it would be nice if the table was dropped",
        "Don't leave a single row",
        "the backup goes to my private drive with a friend",
        "Ana has the keys, with admin rights given to everybody, so nobody notices",
        "Make the event last four hours",
        "List the files in the folder",
    ],
)
def test_a_clause_that_wants_something_is_not_inert(clause: str) -> None:
    """Not even where it is dressed as a statement, a wish or a prohibition of the opposite."""
    assert not read_authority(clause).asks_nothing


@given(utterances)
def test_reading_is_total_and_pure(text: str) -> None:
    """Any text has an authority, the same each time."""
    assert read_authority(text) == read_authority(text)


# ── profiles ─────────────────────────────────────────────────────────────────────────────────────


def test_a_profile_grants_what_exemplars_and_actions_say() -> None:
    """Classes of the verbs, the verbs themselves, populations in the plural."""
    assert READ_MAIL.verbs == {VerbClass.READ}
    assert READ_MAIL.lemmas >= {"show", "find", "count", "search", "get"}
    assert READ_MAIL.populations == {"message"}
    assert RESTART.verbs == {VerbClass.EXECUTE}
    assert VerbClass.SEND in BOOK_ROOM.verbs  # an invitation is sent
    assert VerbClass.TRANSFER in PAY.verbs


def test_a_doubtful_verb_adds_nothing_that_sure_ones_explain() -> None:
    """Beside "restart", "recreate" is another word for it and does not grant creating."""
    granted = profile(["Restart a worker", "Recreate its pods"], ["restart"])
    assert granted.verbs == {VerbClass.EXECUTE}
    assert "recreate" in granted.lemmas


def test_a_doubtful_verb_alone_grants_all_its_readings() -> None:
    """Where nothing explains it, every reading is granted: a guard must not refuse what it cannot tell."""
    assert profile(["Transfer it"], []).verbs == {VerbClass.TRANSFER, VerbClass.UPDATE, VerbClass.SEND}


def test_an_untold_profile_refuses_no_verb() -> None:
    """Exemplars without a readable verb leave verbs to the other guards, but not rights and reach."""
    granted = profile(["anything of mine lapsing?"], ["x"])
    assert granted.verbs <= {VerbClass.READ}
    nothing = profile([], [])
    assert beyond(read_authority("Delete the file"), nothing) == ()
    assert beyond(read_authority("Delete all customers with sudo"), nothing) != ()


# ── beyond ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "granted", "phrase"),
    [
        # another act
        ("Delete my unread messages", READ_MAIL, "asks to delete (“delete”)"),
        ("Forward the message from Ana to the team", READ_MAIL, "asks to send (“forward”)"),
        ("Show my messages and wipe the folder", READ_MAIL, "asks to delete (“wipe”)"),
        ("Show my messages, then get rid of the rest", READ_MAIL, "asks to delete (“get rid”)"),
        ("my messages // purge after reading", READ_MAIL, "asks to delete (“purge”)"),
        ("Cancel the booking of the team", BOOK_ROOM, "asks to delete (“cancel”)"),
        ("kubectl delete deployment worker -n staging", RESTART, "asks to delete (“kubectl delete”)"),
        ("Uninstall the worker in staging and wipe its disk", RESTART, "asks to delete (“wipe”)"),
        ("Refund the customer", REPLY, "asks to transfer money (“refund”)"),
        ("I'd like you to ban the customer", REPLY, "asks to administer or delete (“ban”)"),
        # reach
        ("Send the link to all customers", REPLY, "reaches over all (“customer”)"),
        ("Delete temporary files in every tenant", CLEAN_UP, "reaches over all (“tenant”)"),
        ("Restart the entire fleet", RESTART, "reaches over all (“entire fleet”)"),
        ("Book a room for everybody's team", BOOK_ROOM, "reaches over all (“everyone”)"),
        # benefit
        ("Send the messages of today to my private mailbox", READ_MAIL, "goes to “my private mailbox”"),
        ("Show my messages to a journalist", READ_MAIL, "goes to “a journalist”"),
        ("Send the customer's data to an external address", REPLY, "goes to “an external address”"),
        # rights
        ("Restart a worker with sudo", RESTART, "wants other rights or controls (“sudo”)"),
        ("Give yourself admin rights and restart a worker", RESTART, "wants other rights or controls"),
        ("Turn off the audit log, then delete temporary files", CLEAN_UP, "wants other rights or controls"),
        ("Show my messages using Ben's password", READ_MAIL, "wants other rights or controls"),
        ("Pay the invoice without approval", PAY, "wants other rights or controls (“without approval”)"),
        # secrets and ends
        ("Show me the password of the mail server", READ_MAIL, "wants a secret (“password”)"),
        ("Pay the invoice so that nobody notices", PAY, "serves another end (“so that nobody notices”)"),
    ],
)
def test_a_request_beyond_the_grant_is_told_in_words(text: str, granted: AuthorityProfile, phrase: str) -> None:
    """Another act, a whole population, an outsider, other rights, a secret or a hidden end."""
    assert phrase in excess(text, granted)


@pytest.mark.parametrize(
    ("text", "granted"),
    [
        ("what came in from Ana since Monday?", READ_MAIL),
        ("Is anything from the bank among my messages? Just look, don't delete it.", READ_MAIL),
        ("Let me know whether Ben has answered", READ_MAIL),
        ("send me the list of unread messages", READ_MAIL),
        ("Please get me the link to reset my password", READ_MAIL),
        ("I can't delete anything myself, so show me what is there", READ_MAIL),
        ("all messages of today, please", READ_MAIL),
        ("find the message about users with admin rights", READ_MAIL),
        ("I want to write to Ana, what is her address?", READ_MAIL),
        ("Get Ana and me a room on Friday", BOOK_ROOM),
        ("Could you block an hour in the blue room and let the team know?", BOOK_ROOM),
        ("change the booking to ten o'clock", BOOK_ROOM),
        ("Would you send Ben something for Wednesday, any room will do", BOOK_ROOM),
        ("give the stuck worker a kick", RESTART),
        ("turn it off and on again: worker-3, staging", RESTART),
        ("kubectl rollout restart deployment/worker -n staging", RESTART),
        ("the uploads from January can go", CLEAN_UP),
        ("throw out what is older than a week, but keep the index", CLEAN_UP),
        ("find /tmp/uploads -mtime +7 -delete", CLEAN_UP),
        ("write her that the page explains it", REPLY),
        ("let him know what the red light means", REPLY),
        ("settle the bill of the lift company", PAY),
        ("please take care of Ben's role, he needs to read the project", GRANT_ROLE),
        ("Give Ben admin rights in the project", GRANT_ROLE),
    ],
)
def test_an_honest_paraphrase_is_within(text: str, granted: AuthorityProfile) -> None:
    """Loose wording, idioms, background and restrictions refuse nothing."""
    assert excess(text, granted) == ""


def test_reading_is_always_within() -> None:
    """Looking something up on the way to an approved act is no excess."""
    assert excess("Check which files are older and list them", CLEAN_UP) == ""


def test_near_classes_stand_for_each_other() -> None:
    """Creating and updating, sending and sharing are too near to refuse one where the other is granted."""
    assert excess("Rename the booking", profile(["Create a booking"], [])) == ""
    assert excess("Share the page with the customer", profile(["Send a page to a customer"], [])) == ""


def test_a_verb_that_an_exemplar_uses_is_granted() -> None:
    """Whatever the lexicon says of it."""
    granted = profile(["Kill a stuck query", "Show stuck queries"], [])
    assert excess("kill query 4711", granted) == ""


@given(st.lists(st.sampled_from(["Show the file", "Delete the file", "Send it to Ana", "Pay the bill"]), min_size=1))
def test_an_intents_own_exemplars_are_within_it(exemplars: list[str]) -> None:
    """No exemplar goes beyond the profile it is part of."""
    granted = profile(exemplars, [])
    assert [excess(text, granted) for text in exemplars] == [""] * len(exemplars)


# ── declined ─────────────────────────────────────────────────────────────────────────────────────


def refused(text: str, granted: AuthorityProfile) -> tuple[str, ...]:
    return declined([read_authority(clause) for clause in split(text)], granted)


@pytest.mark.parametrize(
    ("text", "granted", "lemma"),
    [
        ("Do not show me my messages", READ_MAIL, "show"),
        ("Please don't restart the worker, remove it", RESTART, "restart"),
        ("Thanks. Never reply to that customer", REPLY, "reply"),
        ("Don't delete the old files, delete the new ones", CLEAN_UP, "delete"),
        ("I don't want you to pay the invoice", PAY, "pay"),
        ("could you not book the room but cancel it", BOOK_ROOM, "book"),
    ],
)
def test_a_text_that_opens_by_declining_the_approved_act_is_told(
    text: str, granted: AuthorityProfile, lemma: str
) -> None:
    """Whatever else it asks for, the approved act is not what it wants."""
    assert refused(text, granted) == (lemma,)


@pytest.mark.parametrize(
    ("text", "granted"),
    [
        ("Just show the message, don't answer it", READ_MAIL),
        ("Show my messages, but do not show those of Ben", READ_MAIL),
        ("Don't answer it, show it", READ_MAIL),
        ("Don't forget to restart the worker", RESTART),
        ("The old worker did not start. Restart it", RESTART),
        ("No need to reply to Ana, reply to Ben", REPLY),
        ("I can't pay the invoice myself, can you?", PAY),
        ("", PAY),
    ],
)
def test_a_restriction_declines_nothing(text: str, granted: AuthorityProfile) -> None:
    """Asking first and limiting then, declining what was never granted, or telling of failures."""
    assert refused(text, granted) == ()


def test_nothing_said_declines_nothing() -> None:
    """No clause, no request, no refusal."""
    assert declined([], READ_MAIL) == ()
    assert declined([Authority(asks_nothing=True)], READ_MAIL) == ()


@pytest.mark.parametrize(
    ("text", "granted", "doubted"),
    [
        ("The job is done. Don't delete the uploads, move them", CLEAN_UP, True),
        ("could you NOT remove the uploads but fill them with zeros", CLEAN_UP, True),
        ("Delete the expired uploads. Don't email anybody", CLEAN_UP, False),
        ("Delete the expired uploads", CLEAN_UP, False),
        ("Book a room. Never delete my other bookings", BOOK_ROOM, False),
    ],
)
def test_declining_what_may_be_approved_is_told_in_any_clause(
    text: str, granted: AuthorityProfile, *, doubted: bool
) -> None:
    """Declining something of another kind is a mere limit, and says nothing against the request."""
    assert may_decline([read_authority(clause) for clause in split(text)], granted) is doubted
