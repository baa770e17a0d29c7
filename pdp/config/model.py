"""Every setting, once: its kind, its default and what it does. All times are in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, get_type_hints

from pdp.config.kinds import (
    ADDRESS,
    BOOLEAN,
    NAMES,
    OPTIONAL_ADDRESS,
    OPTIONAL_URL,
    PATH,
    TEXT,
    Kind,
    choice,
    number,
    whole,
)


@dataclass(frozen=True, slots=True)
class About:
    """What flags and documentation say about a setting."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The configuration of a service, complete and validated when built by ``pdp.config.load``."""

    bundle: Annotated[Path, About(PATH, "The bundle directory.")]
    model: Annotated[
        Path | None, About(PATH, "The sentence model's directory; empty: the one that comes with pdp.")
    ] = None
    listen: Annotated[
        str, About(ADDRESS, "Where decisions and administration are served. Port 0 picks a free one.")
    ] = "127.0.0.1:50051"
    metrics_listen: Annotated[
        str,
        About(
            OPTIONAL_ADDRESS,
            "Where `/metrics`, `/live` and `/ready` are served, without authentication; empty: nowhere.",
        ),
    ] = "127.0.0.1:9464"
    workers: Annotated[
        int, About(whole(1, 64), "Worker processes on the port. Each loads its own copy of the model.")
    ] = 1
    encoder_threads: Annotated[
        int, About(whole(0, 64), "Encoder threads of each worker; 0: its share of the cores, at most 4.")
    ] = 0
    threads_per_text: Annotated[
        int,
        About(
            whole(1, 64),
            "How many of them share the work on one text (a rest is not used): more answer one caller sooner where the "
            "processor has no int8 instructions (VNNI), and fewer texts a second.",
        ),
    ] = 1
    encode_queue: Annotated[
        int, About(whole(1, 100_000), "Texts of each worker that may wait for or be in the encoder; more are refused.")
    ] = 256
    cache_size: Annotated[int, About(whole(0, 10_000_000), "Vectors that each worker remembers (about 2 KB each).")] = (
        10_000
    )
    data_dir: Annotated[
        Path, About(PATH, "Everything that must last: audit log, sessions, orders, keys. Made if it is not there.")
    ] = Path("pdp-data")

    tls_certificate: Annotated[
        Path | None, About(PATH, "The server's certificate chain (PEM). Read again when it changes.")
    ] = None
    tls_key: Annotated[
        Path | None, About(PATH, "The key of that certificate (PEM); other users must not be able to read it.")
    ] = None
    tls_client_ca: Annotated[
        Path | None, About(PATH, "The authority (PEM) that must have signed each caller's certificate.")
    ] = None
    callers: Annotated[tuple[str, ...], About(NAMES, "Whose certificates may ask for decisions.")] = ()
    administrators: Annotated[tuple[str, ...], About(NAMES, "Whose certificates may administer.")] = ()
    loopback_administration: Annotated[
        bool, About(BOOLEAN, "Whether everybody on a plaintext loopback port or unix socket may administer.")
    ] = True
    reflection: Annotated[bool, About(BOOLEAN, "Whether gRPC reflection is served.")] = True

    limit_message_bytes: Annotated[int, About(whole(1_024, 67_108_864), "Bytes of one message, a batch included.")] = (
        1_048_576
    )
    limit_utterance_characters: Annotated[int, About(whole(1, 100_000), "Characters of an utterance.")] = 4_000
    limit_clauses: Annotated[int, About(whole(1, 1_000), "Clauses of an utterance.")] = 32
    limit_name_characters: Annotated[int, About(whole(1, 65_536), "Characters of an id, a name or a key.")] = 1_024
    limit_string_characters: Annotated[
        int, About(whole(1, 67_108_864), "Characters of a text in params, attributes, context or payload.")
    ] = 65_536
    limit_values: Annotated[
        int, About(whole(1, 1_000_000), "Entries of params, attributes, arguments or context, nested ones included.")
    ] = 1_000
    limit_depth: Annotated[int, About(whole(1, 30), "Nesting of params, attributes, arguments and context.")] = 16
    limit_context_bytes: Annotated[int, About(whole(0, 67_108_864), "Bytes of the context.")] = 16_384
    limit_struct_bytes: Annotated[
        int, About(whole(1_024, 67_108_864), "Bytes of params, of attributes, of arguments: each by itself.")
    ] = 262_144
    limit_batch_items: Annotated[int, About(whole(1, 10_000), "Items of a batch.")] = 64

    in_flight: Annotated[
        int, About(whole(1, 100_000), "Calls that each worker has under way; more are refused with a retry hint.")
    ] = 256
    batch_in_flight: Annotated[int, About(whole(1, 10_000), "Items of one batch under way at a time.")] = 16
    stream_in_flight: Annotated[
        int, About(whole(1, 10_000), "Questions of one stream under way at a time; more stay with the sender.")
    ] = 32
    default_deadline: Annotated[
        float, About(number(0.001, 3_600), "For a caller that sets no deadline, and for each question of a stream.")
    ] = 1.0
    shortest_deadline: Annotated[
        float, About(number(0, 3_600), "A call with less time left is refused before work.")
    ] = 0.001
    administration_deadline: Annotated[
        float, About(number(1, 3_600), "For an administrator that sets no deadline.")
    ] = 120.0
    activation_limit: Annotated[float, About(number(1, 3_600), "How long workers may take to prepare a bundle.")] = (
        120.0
    )
    request_id_entries: Annotated[
        int, About(whole(0, 1_000_000), "Answers that each worker remembers by request id; 0: none.")
    ] = 4_096
    request_id_seconds: Annotated[float, About(number(0, 3_600), "How long such an answer is repeated.")] = 10.0

    issuer: Annotated[str, About(TEXT, "The `iss` of grants, and the origin of the audit log.")] = "pdp"
    key_rotation: Annotated[
        float, About(number(0, 315_360_000), "How long a key signs grants before the next one does; 0: for ever.")
    ] = 2_592_000.0
    audit_wait: Annotated[
        float, About(number(0.001, 60), "How long a record may take to reach the disk before the answer is a deny.")
    ] = 0.5
    audit_queue: Annotated[
        int, About(whole(1, 1_000_000), "Records of each worker that may wait for the disk; more are denied.")
    ] = 4_096
    checkpoint_interval: Annotated[
        float, About(number(0.05, 3_600), "How often the audit log is signed while it grows.")
    ] = 1.0
    prompts: Annotated[
        str,
        About(
            choice("commitment", "encrypted"),
            "What the audit log keeps of an utterance: a salted commitment, or also the text under its subject's key.",
        ),
    ] = "commitment"
    anchor_file: Annotated[
        Path | None, About(PATH, "A file, best on another host, that gets a copy of every checkpoint; empty: none.")
    ] = None
    anchor_url: Annotated[
        str, About(OPTIONAL_URL, "Where every checkpoint is sent with HTTP POST; empty: nowhere.")
    ] = ""
    follow_interval: Annotated[
        float, About(number(0.001, 1), "How often each worker looks for orders of others to tell its gateways.")
    ] = 0.005

    watch_interval: Annotated[
        float, About(number(0, 3_600), "How often the bundle's files are looked at; 0: never.")
    ] = 1.0
    watch_quiet: Annotated[
        float, About(number(0, 3_600), "How long the files must have been unchanged before they are activated.")
    ] = 2.0
    shutdown_grace: Annotated[
        float, About(number(0, 3_600), "How long calls under way may take at shutdown before they are cut off.")
    ] = 10.0

    log_level: Annotated[str, About(choice("debug", "info", "warning", "error"), "What is logged.")] = "info"
    log_utterances: Annotated[bool, About(BOOLEAN, "Whether prompt text may be logged. For debugging only.")] = False


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as documentation and sources see it. ``default`` is ``MISSING`` where there is none."""

    name: str
    kind: Kind
    text: str
    default: object

    @property
    def flag(self) -> str:
        """The command-line flag."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """The environment variable."""
        return "PDP_" + self.name.upper()


def _settings() -> Iterator[Setting]:
    hints = get_type_hints(Config, include_extras=True)
    for one in fields(Config):
        about: About = hints[one.name].__metadata__[0]
        yield Setting(one.name, about.kind, about.text, one.default)


SETTINGS = {one.name: one for one in _settings()}
