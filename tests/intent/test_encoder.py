"""The sentence encoder: verified at load, the same bytes for the same text, nothing cut off, nothing unchecked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pdp.errors import EncoderError, InvalidRequest, LimitExceeded
from pdp.intent import encoder as module
from pdp.intent.encoder import DESCRIPTION, EXEMPLAR, KINDS, Encoder, OnnxEncoder, default_model_directory
from pdp.intent.manifest import FILES, read_manifest

LINES = [
    "Show me my unread emails.",
    "Read the unpaid invoices of customer 4711",
    "SELECT name FROM customers WHERE balance > 0",
    "hello",
    "",
    "Прочитай письма 🚀",
    "Please restart the checkout deployment in the staging namespace and then tell the team in the channel about it.",
]
texts = st.one_of(st.sampled_from(LINES), st.text(st.characters(exclude_categories=["Cs"]), max_size=60))


class BrokenSession:
    """Stands in for onnxruntime and gives ``output``, or fails with it."""

    def __init__(self, output: Any) -> None:
        self.output = output

    def run(self, names: list[str], feeds: dict[str, Any]) -> list[Any]:
        if isinstance(self.output, Exception):
            raise self.output
        return [self.output, np.zeros((1, 3, 384), np.float32)][: len(names)]


def with_output(output: Any) -> OnnxEncoder:
    directory = default_model_directory()
    tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    return OnnxEncoder([BrokenSession(output)] * 3, tokenizer, read_manifest(directory))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A model directory whose files may be changed."""
    source = default_model_directory()
    for name in ("model.onnx", "memory.onnx", "pair.onnx"):
        (tmp_path / name).symlink_to(source / name)
    for name in ("tokenizer.json", "manifest.json"):
        (tmp_path / name).write_bytes((source / name).read_bytes())
    return tmp_path


def edit(directory: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = directory / "manifest.json"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


@settings(max_examples=25)
@given(st.lists(texts, min_size=1, max_size=5))
def test_a_text_has_the_same_bytes_whatever_is_encoded_beside_it(batch: list[str]) -> None:
    """Batch items are independent and positional: each row equals, bit for bit, the text encoded alone."""
    model = shared_model()
    rows = model.encode(batch)
    assert rows.shape == (len(batch), model.dimension)
    assert rows.dtype == np.float32
    for text, row in zip(batch, rows, strict=True):
        assert row.tobytes() == model.encode([text])[0].tobytes()


@given(texts)
@settings(max_examples=25)
def test_every_vector_is_of_unit_length(text: str) -> None:
    """Whatever the text, empty and unknown characters included, the vector is finite and of length one."""
    assert abs(float(np.linalg.norm(shared_model().encode([text])[0])) - 1) < 1e-3


def test_threads_see_the_same_bytes(model: OnnxEncoder) -> None:
    """Concurrent callers do not disturb each other."""
    alone = model.encode(LINES)
    with ThreadPoolExecutor(4) as pool:
        for rows in pool.map(model.encode, [LINES] * 12):
            assert rows.tobytes() == alone.tobytes()


def test_a_second_process_would_see_the_same_bytes(model: OnnxEncoder) -> None:
    """Nothing of a session's past reaches a vector: a freshly loaded model gives the same bytes."""
    assert OnnxEncoder.load(default_model_directory()).encode(LINES).tobytes() == model.encode(LINES).tobytes()


def intent_memory(model: OnnxEncoder) -> NDArray[np.float32]:
    """An intent that reads one's own mail, as the pair model remembers it."""
    description = model.remember(
        "Read one's own mail. Nothing is changed. Target: mailbox. Actions: read.", DESCRIPTION
    )
    exemplars = [model.remember(t, EXEMPLAR) for t in ("Show me my unread e-mails", "Search my inbox for a message")]
    return np.concatenate([description, *exemplars], axis=1)


@settings(max_examples=25)
@given(texts)
def test_reading_and_encoding_give_the_same_vector(text: str) -> None:
    """The index and the pair model look at the same reading, bit for bit; states are one row per token."""
    model = shared_model()
    readout = model.read(text)
    assert readout.vector.tobytes() == model.encode([text])[0].tobytes()
    assert readout.states.shape == (1, model.count_tokens(text), model.dimension)
    assert len(model.spans(text)) == model.count_tokens(text)


@settings(max_examples=25)
@given(texts)
def test_a_judgement_is_a_function_of_its_inputs(text: str) -> None:
    """Judging again, and with a memory made afresh, gives the same bits; all of it is finite."""
    model = shared_model()
    fresh = OnnxEncoder.load(default_model_directory())
    first = model.judge(model.read(text), intent_memory(model))
    again = fresh.judge(fresh.read(text), intent_memory(fresh))
    assert (first.logit, first.excess.tobytes(), first.kinds.tobytes()) == (
        again.logit, again.excess.tobytes(), again.kinds.tobytes(),
    )  # fmt: skip
    assert np.isfinite([first.logit, *first.excess, *first.kinds]).all()
    assert first.excess.shape == (model.count_tokens(text),)
    assert first.kinds.shape == (len(KINDS),)


def test_authority_counts_more_than_topic(model: OnnxEncoder) -> None:
    """What the intent is for scores above the same words with another operation, receiver or owner."""
    memory = intent_memory(model)
    within, *beyond = (
        model.judge(model.read(text), memory).logit
        for text in (
            "Any new messages in my inbox since noon?",
            "Delete my unread e-mails",
            "Forward my unread e-mails to a journalist",
            "Show me the unread e-mails of everybody in the company",
        )
    )
    assert within > max(beyond)


def test_nothing_to_encode(model: OnnxEncoder) -> None:
    """No texts give no rows of the right width."""
    assert model.encode([]).shape == (0, model.dimension)


def test_near_in_meaning_is_near_in_space(model: OnnxEncoder) -> None:
    """A paraphrase is nearer than a text about something else."""
    base, near, far = model.encode(["Show me my unread emails.", "Any new messages in my inbox?", "Scale web to five."])
    assert base @ near > 0.4 > 0.2 > base @ far


def test_the_longest_text_passes_and_one_token_more_does_not(model: OnnxEncoder) -> None:
    """A text of exactly ``max_tokens`` is encoded whole; a longer one is refused with both numbers, never cut."""
    longest = " ".join(["mail"] * (model.max_tokens - 2))
    assert model.count_tokens(longest) == model.max_tokens
    model.encode([longest])
    with pytest.raises(LimitExceeded, match=r"utterance: has 257 tokens, the limit is 256"):
        model.encode([longest + " mail"])


def test_the_end_of_a_long_text_counts(model: OnnxEncoder) -> None:
    """What stands at the very end changes the vector."""
    body = " ".join(["mail"] * 250)
    assert not np.array_equal(*model.encode([body + " read", body + " delete"]))


def test_limits_come_before_work() -> None:
    """One text too long is refused before any other text is run."""
    untouched = with_output(AssertionError("the model was run"))
    with pytest.raises(LimitExceeded):
        untouched.encode(["short", "mail " * 300])


@pytest.mark.parametrize("call", [OnnxEncoder.count_tokens, lambda model, text: model.encode([text])])
def test_broken_unicode_is_the_callers_mistake(model: OnnxEncoder, call: Callable[[OnnxEncoder, str], object]) -> None:
    """A lone surrogate is an invalid request, not a failure of the model."""
    with pytest.raises(InvalidRequest, match="not valid Unicode"):
        call(model, "read \ud800 mail")


@pytest.mark.parametrize(
    "output",
    [
        np.full((1, 384), np.nan, np.float32),
        np.full((1, 384), np.inf, np.float32),
        np.zeros((1, 384), np.float32),
        np.ones((1, 384), np.float32),
        np.ones((1, 1), np.float32),
        RuntimeError("out of memory"),
    ],
    ids=["nan", "infinite", "zero", "too long", "wrong width", "runtime failure"],
)
def test_a_failing_model_is_an_error(output: Any) -> None:
    """No vector leaves the encoder unless it is finite, of the right width and of unit length."""
    with np.errstate(all="ignore"), pytest.raises(EncoderError, match="the sentence model"):
        with_output(output).encode(["mail"])


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_is_refused(copy: Path, name: str) -> None:
    """A file that is not the one in the manifest is never loaded; the message names it."""
    content = (copy / name).read_bytes()
    (copy / name).unlink()
    (copy / name).write_bytes(content + b" ")
    with pytest.raises(EncoderError, match=rf"{name} has sha256 .* its manifest says"):
        OnnxEncoder.load(copy)


@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    """Each of the files is needed."""
    (copy / name).unlink()
    with pytest.raises(EncoderError, match=f"{name} cannot be read"):
        OnnxEncoder.load(copy)


@pytest.mark.parametrize("content", ["{", "[]", '{"format": 1}', "\x00"])
def test_a_foreign_manifest_is_refused(copy: Path, content: str) -> None:
    """Something else than a manifest of our format is named as such."""
    (copy / "manifest.json").write_text(content)
    with pytest.raises(EncoderError, match="manifest"):
        OnnxEncoder.load(copy)


@pytest.mark.parametrize("field", ["name", "dimension", "max_tokens", "files", "probe", "head"])
def test_a_manifest_must_be_complete(copy: Path, field: str) -> None:
    """The missing field is named."""
    edit(copy, lambda document: document.pop(field))
    with pytest.raises(EncoderError, match=field):
        OnnxEncoder.load(copy)


def test_a_file_that_is_no_model_is_refused(copy: Path) -> None:
    """A right digest does not make a model."""
    (copy / "model.onnx").unlink()
    (copy / "model.onnx").write_bytes(b"not a model")
    digest = hashlib.sha256(b"not a model").hexdigest()
    edit(copy, lambda document: document["files"]["model.onnx"].update(sha256=digest))
    with pytest.raises(EncoderError, match="cannot be loaded"):
        OnnxEncoder.load(copy)


@pytest.mark.parametrize("vector", ["0.1 0.2", " ".join(["0.05"] * 384), "nan " * 384])
def test_a_machine_that_computes_otherwise_is_refused(copy: Path, vector: str) -> None:
    """The probe text must come out as on the exporting machine, or the model is not used."""
    edit(copy, lambda document: document["probe"].update(vector=vector))
    with pytest.raises(EncoderError, match="probe"):
        OnnxEncoder.load(copy)


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (lambda d: d["parity"].update(cosine_mean=0.5), True),
        (lambda d: d.update(name="other"), True),
        (lambda d: d.update(max_tokens=128), False),
        (lambda d: d["files"]["model.onnx"].update(sha256="0" * 64), False),
        (lambda d: d["files"]["tokenizer.json"].update(sha256="0" * 64), False),
        (lambda d: d["files"]["pair.onnx"].update(sha256="0" * 64), False),
        (lambda d: d["head"].update(bias=d["head"]["bias"] + 0.5), False),
        (lambda d: d["head"]["penalties"].update(scope=9.5), False),
    ],
    ids=["figures", "name", "length", "model", "tokenizer", "pair", "bias", "penalty"],
)
def test_the_fingerprint_covers_what_decides_scores(
    copy: Path, change: Callable[[dict[str, Any]], object], *, same: bool
) -> None:
    """A calibration stays valid exactly as long as scores stay the same."""
    before = read_manifest(copy).fingerprint
    edit(copy, change)
    assert (read_manifest(copy).fingerprint == before) is same
    assert before.startswith("sha256:")


def test_the_released_model_is_small_licensed_and_true(model: OnnxEncoder) -> None:
    """No file above 25 MB; source, licence and the figures against the original are on record."""
    directory = default_model_directory()
    document = json.loads((directory / "manifest.json").read_text())
    assert all((directory / name).stat().st_size <= 25_000_000 for name in document["files"])
    assert document["source"]["licence"] == "Apache-2.0"
    assert document["source"]["upstream_sha256"].startswith("53aa51172d142c89")
    assert document["parity"]["cosine_mean"] > 0.997
    assert document["parity"]["cosine_min"] > 0.985
    assert document["parity"]["logit_error_mean"] < 0.3
    assert (model.dimension, model.max_tokens) == (384, 256)
    usable: Encoder = model
    assert usable.fingerprint == read_manifest(directory).fingerprint


def test_without_a_model_beside_the_package_the_fix_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to do."""
    monkeypatch.setattr(module, "DEFAULT_MODEL", "absent")
    with pytest.raises(EncoderError, match="name its directory"):
        default_model_directory()


_loaded: list[OnnxEncoder] = []


def shared_model() -> OnnxEncoder:
    """The released model for property tests, which take no fixtures."""
    if not _loaded:
        _loaded.append(OnnxEncoder.load(default_model_directory()))
    return _loaded[0]


def test_memories_last_over_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second process takes them from the file, to the last bit, and runs nothing."""
    texts = [("Read mail.", DESCRIPTION), ("Show me my unread e-mails", EXEMPLAR)]
    first = OnnxEncoder.load(default_model_directory(), memories=tmp_path / "memories.bin")
    made = [first.remember(*t).tobytes() for t in texts]
    first.save_memories()
    second = OnnxEncoder.load(default_model_directory(), memories=tmp_path / "memories.bin")
    monkeypatch.setattr(second, "_remember", None)
    monkeypatch.setattr(second, "_encode", None)
    assert [second.remember(*t).tobytes() for t in texts] == made
