"""Both clients against the real server, and against servers that misbehave."""

from __future__ import annotations

import asyncio
import inspect
import socket
from contextlib import asynccontextmanager
from dataclasses import replace

import grpc
import pytest

from pdp.client import SHOW_ONLY, AsyncClient, Client, ClientTls, Terms
from pdp.errors import (
    AnswerUnusable,
    BundleError,
    ConfigError,
    DeadlineTooShort,
    InvalidRequest,
    NotFound,
    NotReady,
    Overloaded,
    PdpError,
    Unauthenticated,
)
from pdp.server.app import ServerSettings
from pdp.types import Action, Agent, Effect, ReasonCode
from pdp.v1 import decision_pb2 as proto
from tests.client.conftest import request
from tests.server.certificates import Authority
from tests.server.test_guard import until
from tests.server.test_tls import GATEWAY, settings  # noqa: F401 - a fixture

ALLOW, NARROW, DENY = Effect.ALLOW, Effect.NARROW, Effect.DENY


class Threaded:
    """``Client`` with its methods run in a thread, so that one test serves both clients."""

    def __init__(self, *args, **options) -> None:
        self._client = Client(*args, **options)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        self._client.close()

    def __getattr__(self, name):
        method = getattr(self._client, name)
        return lambda *args, **options: asyncio.to_thread(method, *args, **options)


@pytest.fixture(params=[AsyncClient, Threaded], ids=["async", "sync"])
def client(request):
    return request.param


def answering(*answers):
    """A server of our own whose decisions are these answers in turn; see ``answering_as``."""
    return answering_as("DecisionService", "Decide DecideBatch Explain", *answers)


@asynccontextmanager
async def answering_as(service: str, methods: str, *answers):
    """A server of our own whose methods give these answers in turn: bytes, a status, or what a call of it gives."""
    given = iter(answers)
    server = grpc.aio.server()

    async def decide(raw, context):
        answer = next(given)
        if isinstance(answer, grpc.StatusCode):
            await context.abort(answer, "as told")
        return answer(raw) if callable(answer) else answer

    handler = grpc.unary_unary_rpc_method_handler(decide)
    handlers = dict.fromkeys(methods.split(), handler)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(f"pdp.v1.{service}", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(0)


def free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"127.0.0.1:{taken.getsockname()[1]}"


def code(decision) -> str:
    """The error code in the reason of a client's own deny."""
    assert (decision.verdict.effect, decision.decision_id) == (DENY, "")
    assert decision.verdict.reasons[0].code is ReasonCode.INTERNAL_ERROR
    return decision.verdict.reasons[0].text.split(": ")[1]


async def test_a_decision_comes_back_as_a_value_with_everything(client, running):
    """Effect, reasons, match, revision, timings, the id that the client made and the trace context."""
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    async with client(running.address) as pdp:
        decision = await pdp.decide(request(traceparent=trace))
        assert (decision.verdict.effect, decision.revision, decision.traceparent) == (ALLOW, "r1", trace)
        assert (decision.verdict.match.score, decision.timings.total) == (0.8, 10)
        assert len(decision.request_id) == 32
        assert (await pdp.decide(request("other"))).verdict.reasons[0].code is ReasonCode.NOT_ADMITTED
        assert (await pdp.explain(request())).verdict.trace.canonical == "x"


async def test_a_narrow_needs_every_obligation_understood(client, running):
    """Undeclared: deny. Declared, or only shown: narrow with its narrowed request."""
    for understood, effect in ((frozenset(), DENY), ({"notify"}, NARROW), (SHOW_ONLY, NARROW)):
        async with client(running.address, terms=Terms(understood=understood)) as pdp:
            assert (await pdp.decide(request("list"))).verdict.effect is effect


async def test_a_batch_keeps_places_and_denies_what_has_no_answer(client, running):
    """Answers, server errors and questions that cannot be sent, each in its place."""
    questions = [
        request("read"),
        request("busy"),
        request("read", agent=Agent("a\ud800")),
        request("other"),
        request(""),
    ]
    async with client(running.address) as pdp:
        decisions = await pdp.decide_batch(questions)
        assert [d.verdict.effect for d in decisions] == [ALLOW, DENY, DENY, DENY, DENY]
        assert [code(decisions[i]) for i in (1, 2, 4)] == ["overloaded", "invalid_request", "invalid_request"]
        assert await pdp.decide_batch([]) == ()


@pytest.mark.parametrize(("action", "wanted"), [("crash", "internal"), ("busy", "overloaded"), ("", "invalid_request")])
async def test_an_error_of_the_server_is_a_deny_or_when_asked_for_raised(client, running, action, wanted):
    """``decide`` never raises by default; with ``raise_for_error`` the error of the tree comes."""
    async with client(running.address) as pdp:
        assert code(await pdp.decide(request(action))) == wanted
    async with client(running.address, terms=Terms(raise_for_error=True)) as pdp:
        with pytest.raises(PdpError) as raised:
            await pdp.decide(request(action))
        assert raised.value.code == wanted
        if isinstance(raised.value, Overloaded):
            assert raised.value.retry_after == 0.25


async def test_a_deadline_is_always_set(client, running):
    """Without a word of the caller the call ends after the client's timeout, as a deny."""
    async with client(running.address, terms=Terms(timeout=0.1)) as pdp:
        assert code(await pdp.decide(request("wait"))) == "deadline_too_short"
        assert code(await pdp.decide(request("wait"), timeout=0.05)) == "deadline_too_short"
        assert code(await pdp.decide(request(), timeout=0.0)) == "deadline_too_short"


async def test_no_server_is_a_deny(client):
    """Connection refused: deny, not ready, and administration raises."""
    async with client(free_address(), terms=Terms(timeout=0.5)) as pdp:
        assert code(await pdp.decide(request())) == "not_ready"
        assert [code(d) for d in await pdp.decide_batch([request(), request()])] == ["not_ready"] * 2
        assert not await pdp.ready()
        with pytest.raises(NotReady):
            await pdp.status()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\xff\xff",
        proto.DecideResponse(effect=3, decision_id="d", request_id="other").SerializeToString(),
        lambda raw: echo(raw, effect=0),
        lambda raw: echo(raw, effect=9),
        lambda raw: echo(raw, effect=3, reasons=[{"code": 999}]),
        lambda raw: echo(raw, effect=2),
        lambda raw: echo(raw, effect=3, obligations=[{"type": "mask"}]),
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    ],
    ids=[
        "empty", "no message", "another question", "no effect", "unknown effect", "unknown reason", "narrow to nothing",
        "allow with obligation", "unknown status", "no such method", "too large",
    ],
)  # fmt: skip
async def test_whatever_a_strange_server_says_is_a_deny(client, answer):
    """An answer that is empty, of a later version, for somebody else or contradictory never becomes an allow."""
    async with answering(answer) as address, client(address, terms=Terms(understood=SHOW_ONLY)) as pdp:
        assert (await pdp.decide(request())).verdict.effect is DENY


def echo(raw: bytes, **fields) -> bytes:
    """An answer to the question in ``raw``."""
    asked = proto.DecideRequest.FromString(raw)
    return proto.DecideResponse(decision_id="d", request_id=asked.request_id, **fields).SerializeToString()


async def test_a_batch_answer_with_a_wrong_number_of_items_denies_all(client):
    """Nothing is guessed about which answer belongs where."""
    one = proto.DecideBatchItem(decision=proto.DecideResponse(effect=3, decision_id="d"))
    short = proto.DecideBatchResponse(items=[one]).SerializeToString()
    blank = proto.DecideBatchResponse(items=[proto.DecideBatchItem()]).SerializeToString()
    async with answering(short, blank) as address, client(address) as pdp:
        assert [code(d) for d in await pdp.decide_batch([request(), request()])] == ["answer_unusable"] * 2
        assert [d.verdict.effect for d in await pdp.decide_batch([request()])] == [DENY]


async def test_only_unavailable_is_tried_again_under_the_same_id(client):
    """Three attempts in all, the id unchanged; any other status is final."""
    seen = []

    def allow(raw: bytes) -> bytes:
        seen.append(raw)
        return echo(raw, effect=3, reasons=[{"code": 1}])

    down = grpc.StatusCode.UNAVAILABLE
    given = (down, down, allow, down, down, down, grpc.StatusCode.INTERNAL, allow)
    terms = Terms(new_id=lambda: "fixed", draw=lambda: 0.5)
    async with answering(*given) as address, client(address, terms=terms) as pdp:
        assert (await pdp.decide(request())).verdict.effect is ALLOW
        assert code(await pdp.decide(request())) == "not_ready"
        assert code(await pdp.decide(request())) == "internal"
        assert (await pdp.decide(request())).request_id == "fixed"
    assert len(set(seen)) == 1


async def test_retries_stay_within_the_timeout(client):
    """A pause that would outlast the deadline is not taken."""
    down = grpc.StatusCode.UNAVAILABLE
    terms = Terms(timeout=0.2, attempts=9, first_pause=0.15, longest_pause=9, draw=lambda: 1.0)
    async with answering(*[down] * 9) as address, client(address, terms=terms) as pdp:
        started = asyncio.get_running_loop().time()
        assert code(await pdp.decide(request())) == "not_ready"
        assert asyncio.get_running_loop().time() - started < 0.6


def test_pauses_double_up_to_a_limit_and_are_drawn():
    """Full jitter: from nothing to the whole pause."""
    terms = Terms(first_pause=0.02, longest_pause=0.1, draw=lambda: 1.0)
    assert [terms.pause(n) for n in range(5)] == [0.02, 0.04, 0.08, 0.1, 0.1]
    assert replace(terms, draw=lambda: 0.0).pause(3) == 0.0


async def test_what_cannot_be_sent_is_a_deny(client, running):
    """Lone surrogates, NaN, integers beyond doubles, wrong types, bottomless nesting, bad metadata."""
    bottomless: dict = {}
    bottomless["a"] = bottomless
    params = [{"n": float("nan")}, {"n": 2**60}, {"n": object()}, bottomless, {"\ud800": 1}]
    questions = [*(replace(request(), action=Action("read", p)) for p in params)]
    questions += [request(utterance="\ud800"), request(session_id=7), request(traceparent="ä\n")]
    async with client(running.address) as pdp:
        for asked in questions:
            assert (await pdp.decide(asked)).verdict.effect is DENY
        assert running.made.decisions.decided == 0
        assert (await pdp.decide(request())).verdict.effect is ALLOW


async def test_administration_gives_values_and_raises_errors(client, running, tmp_path):
    """Status, check, activate and edit; a refused bundle raises with every problem, an unknown intent ``NotFound``."""
    async with client(running.address) as pdp:
        assert (await pdp.status()).bundle == "fake"
        assert await pdp.ready()
        assert await pdp.ready("pdp.v1.DecisionService")
        assert (await pdp.check()).usable
        assert (await pdp.add_exemplar("read-mail", "Any mail?")).position.line == 9
        assert (await pdp.remove_exemplar("read-mail", "Any mail?", counter=True)).revision == "r2"
        with pytest.raises(NotFound):
            await pdp.add_exemplar("nope", "x")
        (tmp_path / "revision").write_text("r4")
        assert (await pdp.activate(expected_revision="r4")).previous_revision == "r1"
        (tmp_path / "revision").write_text("bad")
        assert len((await pdp.check()).problems) == 2
        with pytest.raises(BundleError) as refused:
            await pdp.activate()
        assert refused.value.problems[0].line == 3


async def test_mutual_tls(client, serve, settings, tmp_path, authority):  # noqa: F811 - the fixture
    """With a certificate on the list calls work; with another they are a deny."""
    async with serve(settings) as running:
        for uri, effect in ((GATEWAY, ALLOW), ("spiffe://example.org/other", DENY)):
            certificate, key = authority.sign(uris=(uri,)).write(tmp_path, "client")
            tls = ClientTls(tmp_path / "ca.pem", certificate, key)
            async with client(running.address, tls=tls) as pdp:
                assert (await pdp.decide(request())).verdict.effect is effect
                if effect is DENY:
                    with pytest.raises(Unauthenticated):
                        await pdp.status()
        override = ClientTls(tmp_path / "ca.pem", certificate, key, server_name="elsewhere.example.org")
        async with client(running.address, tls=override, terms=Terms(attempts=1)) as pdp:
            assert code(await pdp.decide(request())) == "not_ready"


@pytest.fixture(scope="module")
def authority():
    return Authority()


async def test_plaintext_to_another_host_must_be_asked_for(client, tmp_path):
    """A forgotten ``tls=`` is an error at once, not a decision in the clear."""
    for address in ("10.0.0.1:50051", "pdp.example.org:50051", "localhost.evil.org:1"):
        with pytest.raises(ConfigError, match="is not this host"):
            client(address)
    async with client("10.0.0.1:50051", plaintext=True):
        pass
    for tls in (ClientTls(tmp_path / "no"), ClientTls(tmp_path / "no", certificate=tmp_path / "no")):
        with pytest.raises(ConfigError, match="tls: "):
            client("127.0.0.1:1", tls=tls)


async def test_a_unix_socket_works(client, serve, tmp_path):
    """``unix:/path`` on both sides."""
    async with serve(ServerSettings(listen=f"unix:{tmp_path}/s")) as running, client(running.address) as pdp:
        assert (await pdp.decide(request())).verdict.effect is ALLOW


def test_both_clients_have_the_same_methods():
    """What one can, the other can; only the stream is asyncio's own."""

    def public(kind) -> set[str]:
        return {name for name, _ in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}

    assert public(AsyncClient) - public(Client) == {"decide_stream"}
    assert public(Client) <= public(AsyncClient)


async def asked(*questions, pause: float = 0.0):
    """Questions as a stream of them."""
    for question in questions:
        yield question
        await asyncio.sleep(pause)


async def test_a_stream_answers_every_question_under_its_id(running):
    """Allowed, denied, failed and unsendable ones: one decision each."""
    questions = [request(a, request_id=a) for a in ("read", "other", "busy", "list")]
    questions += [request(request_id="bad", utterance="\ud800")]
    async with AsyncClient(running.address, terms=Terms(understood={"notify"})) as pdp:
        effects = {d.request_id: d.verdict.effect async for d in pdp.decide_stream(asked(*questions))}
    assert effects == {"read": ALLOW, "other": DENY, "busy": DENY, "list": NARROW, "bad": DENY}


async def test_a_stream_question_without_answer_in_time_is_denied(running):
    """The rest of the stream goes on, and the stream ends when everything has its decision."""
    async with AsyncClient(running.address, terms=Terms(timeout=0.2)) as pdp:
        questions = asked(request("wait", request_id="slow"), request(request_id="fast"))
        decisions = [d async for d in pdp.decide_stream(questions)]
    assert [(d.request_id, d.verdict.effect) for d in decisions] == [("fast", ALLOW), ("slow", DENY)]
    assert code(decisions[1]) == "deadline_too_short"


async def test_a_stream_that_breaks_denies_what_has_no_answer(running):
    """The server goes away: denies, and the iteration ends."""
    async with AsyncClient(running.address) as pdp:
        stream = pdp.decide_stream(asked(request("read", request_id="a"), request("wait", request_id="b"), pause=0.05))
        assert (await anext(stream)).request_id == "a"
        await until(lambda: running.made.decisions.decided == 2)
        await running.server.stop()
        last = await anext(stream)
        assert (last.request_id, last.verdict.effect) == ("b", DENY)
        assert [d async for d in stream] == []
    async with AsyncClient(free_address(), terms=Terms(timeout=0.5)) as pdp:
        assert [d.verdict.effect async for d in pdp.decide_stream(asked(request()))] == [DENY]


async def test_two_questions_under_one_id_on_a_stream(running):
    """The second is denied by the client: the answers could not be told apart."""
    async with AsyncClient(running.address) as pdp:
        questions = asked(request("read", request_id="a"), request("other", request_id="a"))
        decisions = [d async for d in pdp.decide_stream(questions)]
    assert sorted(d.verdict.effect.value for d in decisions) == ["allow", "deny"]


async def test_an_error_of_the_callers_own_questions_is_raised(running):
    """A bug in the caller's generator does not vanish."""

    async def broken():
        yield request("read", request_id="a")
        await asyncio.sleep(0.05)
        raise LookupError("mine")

    async with AsyncClient(running.address) as pdp:
        stream = pdp.decide_stream(broken())
        assert (await anext(stream)).verdict.effect is ALLOW
        with pytest.raises(LookupError, match="mine"):
            await anext(stream)


async def test_leaving_a_stream_early_ends_it(running):
    """The server's side is cancelled, nothing is left behind."""
    async with AsyncClient(running.address) as pdp:
        stream = pdp.decide_stream(asked(request("read"), request("wait"), request("wait"), pause=0.01))
        async for _ in stream:
            break
        await stream.aclose()
        await until(lambda: running.server is not None and ("DecideStream", "cancelled") in running.made.observed)


def test_errors_without_a_code_of_ours_are_told_by_their_status():
    """A proxy's answer is an error of the tree too."""
    from pdp.client.channel import error_of_call

    kinds = {
        grpc.StatusCode.UNAVAILABLE: NotReady, grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineTooShort,
        grpc.StatusCode.UNAUTHENTICATED: Unauthenticated, grpc.StatusCode.INVALID_ARGUMENT: InvalidRequest,
        grpc.StatusCode.ABORTED: PdpError,
    }  # fmt: skip
    for status, kind in kinds.items():
        assert type(error_of_call(status, None, None)) is kind
    assert isinstance(error_of_call(status, "t", [("pdp-reason", "answer_unusable")]), PdpError)
    assert not issubclass(AnswerUnusable, NotReady)
