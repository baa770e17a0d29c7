"""Secrets never reach the log, and what is no secret does."""

import json
import string
import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.audit.masking import REMOVED, marker, mask, mask_text, redact_quotes
from pdp.grant.claims import to_claims
from pdp.grant.model import Actor, Grant, detail_of
from pdp.types import Action, NarrowedRequest, Target
from tests.effort import calls

KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY"
JWT = "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLWhlcmU"
PEM = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBkg\n4Zb+9Q==\n-----END EC PRIVATE KEY-----"
SHAPES = {
    "jwt": JWT,
    "aws id": "AKIA" + "IOSFODNN7EXAMPLE",
    "aws key": KEY,
    "pem": PEM,
    "github": "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a",
    "github fine": "github_pat_" + "11ABCDEFG0123456789_abcdefghijklmnopqrstuvwxyz",
    "gitlab": "glpat-" + "x1y2z3x1y2z3x1y2z3x1",
    "slack": "xoxb-" + "17653672481-19874698323-pdFZKVeTuE8sk7oOcHrzzqgy",
    "stripe": "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "openai": "sk-proj-" + "abc123DEF456ghi789JKL012",
    "google": "AIza" + "SyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY",
    "npm": "npm_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7aB3dE6gH9",
    "hex key": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "random": "Zk3vQ9xLm2TrB7pYw4NsD8fGh1JcV6eK0aUi5oXt",
}
HARMLESS = [
    "Read the unpaid invoices of customer 4711 from the billing database",
    "select id, name from customers where token_count > 5 order by created_at",
    "/srv/data/2024/reports/quarterly/customer-invoices-summary.parquet",
    "550e8400-e29b-41d4-a716-446655440000",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "2c26b46b68ffc68ff99b453c1d30413413422d70",
    "https://example.com:8443/path/to?page=2",
    "arn:aws:iam::123456789012:role/service-role/customer-invoice-reader",
    "internal_customer_invoice_reconciliation_service",
    "getCustomerInvoiceReconciliationServiceConfiguration",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "basic information about bearer instruments",
    "kubectl -n prod-payments-europe-west get pods --user-output=wide",
]
IN_TEXT = [
    ("psql postgresql://app:s3cr3t-pw@db:5432/x", "s3cr3t-pw", "psql postgresql://app:[masked <16]@db:5432/x"),
    ("deploy --db-password hunter2 now", "hunter2", "deploy --db-password [masked <16] now"),
    ("mysql --password=hunter2", "hunter2", "mysql --password=[masked <16]"),
    ("PGPASSWORD=hunter2 psql", "hunter2", "PGPASSWORD=[masked <16] psql"),
    ('{"api_key": "abc", "n": 1}', "abc", '{"api_key": "[masked <16]", "n": 1}'),
    ("curl -H 'Authorization: Bearer abcdefgh1234'", "abcdefgh1234", "curl -H 'Authorization: Bearer [masked <16]'"),
    ("curl -H 'Authorization: Basic dXNlcjpwYXNz' x", "dXNlcjpwYXNz", "curl -H 'Authorization: Basic [masked <16]' x"),
    ("curl -u bob:hunter2 https://x", "hunter2", "curl -u bob:[masked <16] https://x"),
    ("alter user bob password 'it''s'", "it''s", None),
    ("create user x identified by 'hunter2'", "hunter2", "create user x identified by '[masked <16]'"),
    ("send it with Bearer abc123def456", "abc123def456", "send it with Bearer [masked <16]"),
    ('password = "never closed', "never closed", 'password = "[masked <16]'),
]


@pytest.mark.parametrize("name", SHAPES)
def test_a_secret_is_known_by_its_shape(name: str) -> None:
    """Wherever it stands: alone, in a sentence, as a key, deep inside."""
    secret = SHAPES[name]
    for value in (secret, f"please use {secret} for it", {secret: 1}, {"a": [{"b": f"({secret})"}]}):
        clean, paths = mask(value)
        assert secret not in json.dumps(clean, ensure_ascii=False).replace("\\n", "\n")
        assert len(paths) == 1


@pytest.mark.parametrize(
    "key", ["password", "DB_PASSWORD", "clientSecret", "X-Api-Key", "authorization", "refreshToken"]
)
def test_a_secret_is_known_by_the_name_it_stands_under(key: str) -> None:
    """Whatever it looks like, and whatever is nested below."""
    clean, paths = mask({"params": {key: "x", "other": "y"}, "list": [{key: {"inner": "z"}}]})
    assert clean == {"params": {key: "[masked <16]", "other": "y"}, "list": [{key: {"inner": "[masked <16]"}}]}
    assert paths == [f"/params/{key}", f"/list/0/{key}/inner"]


def test_numbers_under_a_name_that_only_sounds_secret_stay() -> None:
    """A limit of tokens is no secret; a numeric password is."""
    value = {"max_tokens": 512, "token_count": "7", "secretName": "db", "key": "customer", "passwordReset": True}
    assert mask(value) == (value, [])
    assert mask({"password": 1234}) == ({"password": "[masked <16]"}, ["/password"])


def test_the_claims_of_a_grant_stay() -> None:
    """Its digests look random and its words sound secret; outcomes are compared with them later."""
    detail = detail_of(NarrowedRequest(Target("table", "invoices"), Action("read", {"customer": "4711"})))
    digest = "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"
    grant = Grant(
        id=uuid.uuid4().hex, issuer="pdp", audience="gw-1", principal="alice", actors=(Actor("bot"),),
        issued_at=1.5, not_before=1, expires_at=60, transaction=uuid.uuid4().hex, session=uuid.uuid4().hex, task="t",
        intent="billing-read", detail=detail, digest=digest, decision=uuid.uuid4().hex,
        revision="sha256:" + "9f86d081884c7d65" * 4, certificate=digest,
    )  # fmt: skip
    assert mask(to_claims(grant)) == (to_claims(grant), [])


def test_a_shape_counts_under_public_names_too() -> None:
    """Nobody hides a token by calling it a digest."""
    assert mask({"digest": SHAPES["github"]}) == ({"digest": "[masked 16-63]"}, ["/digest"])


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_stays(text: str) -> None:
    """The trail must say what was done to what."""
    assert mask({"text": text}) == ({"text": text}, [])


@pytest.mark.parametrize("text, secret, wanted", IN_TEXT)
def test_texts_keep_all_but_the_secret(text: str, secret: str, wanted: str | None) -> None:
    """SQL, command lines, headers, assignments, URLs."""
    clean = mask_text(text)
    assert secret not in clean
    assert wanted is None or clean == wanted


@given(st.text(), st.sampled_from(sorted(SHAPES)), st.text())
def test_masking_twice_changes_nothing(before: str, name: str, after: str) -> None:
    """What was masked is recognised, so that a record can be masked again when it is exported."""
    clean, paths = mask({"text": f"{before} {SHAPES[name]} {after}", "password": before})
    assert mask(clean)[0] == clean
    assert paths


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda v: st.lists(v) | st.dictionaries(st.text(), v)
    )
)
def test_any_value_can_be_masked(value: object) -> None:
    """The shape stays; a pointer is given for each change."""
    clean, paths = mask(value)
    assert (clean == value) == (not paths)
    assert type(clean) is type(value) or paths == [""]


def test_a_marker_keeps_the_length_class_and_nothing_else() -> None:
    """Two secrets of about the same length cannot be told apart."""
    assert {marker("x" * n) for n in range(1, 16)} == {"[masked <16]"}
    assert {marker("x" * n) for n in range(16, 64)} == {"[masked 16-63]"}
    assert marker("x" * 64) == marker("y" * 5000) == "[masked >63]"


def test_a_usual_request_is_little_work() -> None:
    """Some calls for each of its texts."""
    request = {
        "agent": {"id": "spiffe://example.org/agent/billing", "attributes": {"team": "finance"}},
        "target": {"kind": "table", "name": "invoices", "attributes": {"database": "billing"}},
        "action": {"name": "read", "params": {"customer": "4711", "limit": 50}},
        "payload": {"sql": {"text": "select id, total from invoices where customer = 4711 limit 50"}},
    }
    assert calls(lambda: mask(request)) < 100


@pytest.mark.parametrize(
    "piece",
    [
        "password=",
        "eyJ.",
        "a-a",
        "://:",
        "--pass-",
        "-----BEGIN PRIVATE KEY-----",
        "bearer ",
        'token="',
        "“",
        "aB3/",
        "-u a:",
    ],
)
def test_time_grows_with_the_length_only(piece: str) -> None:
    """No text, however it repeats, makes a pattern try again and again."""
    text = piece * (100_000 // len(piece))
    begun = time.process_time()
    mask_text(text)
    redact_quotes(text)
    assert time.process_time() - begun < 10


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("no quotation", "no quotation"),
        ("“drop it” goes beyond billing: it asks “more”", f"{REMOVED} goes beyond billing: it asks {REMOVED}"),
        ("“say “hello” to bob” is not covered", f"{REMOVED} is not covered"),
        ("“say hello” to bob” is not covered", f"{REMOVED} is not covered"),
        ("no intent covers “cut off at", f"no intent covers {REMOVED}"),
        ("stray” end", f"{REMOVED} end"),
    ],
)
def test_quotations_of_the_prompt_are_removed(text: str, wanted: str) -> None:
    """Also when the prompt has quotation marks of its own."""
    assert redact_quotes(text) == wanted


@given(st.text(alphabet=string.ascii_lowercase + "“” ", max_size=40))
def test_nothing_between_quotation_marks_survives(quoted: str) -> None:
    """Whatever is quoted, its letters are gone; what stands before and after it stays."""
    clean = redact_quotes(f"BEFORE “{quoted}” AFTER")
    assert clean.startswith("BEFORE ")
    assert not set(clean.replace("BEFORE", "").replace("AFTER", "")) & set(string.ascii_lowercase)
