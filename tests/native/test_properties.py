"""What holds for every payload: nothing raises, more never means less, lies are named."""

import copy

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pdp.native import KINDS, derive
from pdp.types import (
    Access,
    Action,
    CloudPayload,
    HttpPayload,
    KubernetesPayload,
    McpPayload,
    SqlPayload,
    SshPayload,
    Target,
)

SQL = st.sampled_from(
    [
        "SELECT a FROM x",
        "SELECT a FROM x LIMIT 5",
        "SELECT count(*) FROM y",
        "UPDATE x SET a = 1 WHERE i = 2",
        "INSERT INTO y VALUES (1)",
        "DELETE FROM x WHERE i = 2",
        "DROP TABLE y",
        "TRUNCATE x",
        "GRANT SELECT ON x TO b",
        "CALL f(1)",
        "SELECT pg_sleep(1)",
        "WITH d AS (DELETE FROM x RETURNING *) SELECT a FROM d",
    ]
)
SHELL = st.sampled_from(
    ["ls", "df -h", "cat a", "cp a b", "rm a", "systemctl restart b", "python3 x.py", "chown a b", "find . -delete",
     "git push", "echo x > y", "sudo ls", "sed -i s/a/b/ f", "curl http://a.example"]
)  # fmt: skip
JOINS = st.sampled_from(["; ", " && ", " || ", " | ", "\n", " & "])
WRAPS = st.sampled_from(
    [
        "{}",
        "({})",
        "{{ {}; }}",
        "sh -c '{}'",
        "if true; then {}; fi",
        "echo $({})",
        "for i in a; do {}; done",
        "eval '{}'",
    ]
)
PAYLOADS = st.one_of(
    st.builds(SqlPayload, SQL, st.just("postgres")),
    st.builds(SshPayload, st.just("web-1"), SHELL),
    st.builds(HttpPayload, st.sampled_from(["GET", "POST", "DELETE"]), st.just("a.example"), st.just("/x")),
    st.builds(KubernetesPayload, st.sampled_from(["get", "patch", "delete"]), st.sampled_from(["pods", "services"])),
    st.builds(CloudPayload, st.just("aws"), st.just("s3"), st.sampled_from(["GetObject", "DeleteBucket"])),
    st.builds(McpPayload, st.just("srv"), st.sampled_from(["get_mail", "delete_mail"])),
)
NOTHING = (Target("", ""), Action(""))


@given(st.lists(SQL, min_size=1, max_size=4), st.integers(0, 3))
def test_adding_a_statement_never_lowers_the_access(statements, place):
    """Wherever it is put, and every relation stays visible."""
    before = derive(SqlPayload("; ".join(statements), "postgres"), *NOTHING)
    longer = [*statements[:place], "SELECT a FROM z", *statements[place:]]
    after = derive(SqlPayload("; ".join(longer), "postgres"), *NOTHING)
    assert after.access >= before.access
    assert set(before.facts["relations"]) | {"z"} == set(after.facts["relations"])


@given(SQL, SQL)
def test_a_change_never_hides_behind_another(first, second):
    """Every changing class is part of the action's name."""
    derived = derive(SqlPayload(f"{first}; {second}", "postgres"), *NOTHING)
    for one in (first, second):
        alone = derive(SqlPayload(one, "postgres"), *NOTHING)
        if alone.facts["statement"] not in {"select", "explain"}:
            assert alone.action.name in derived.action.name.split("+")


@given(SQL, st.sampled_from(["EXPLAIN ANALYZE {}", "{};", " {} ", "-- note\n{}", "/* note */ {}"]))
def test_wrapping_a_statement_never_lowers_the_access(statement, wrap):
    """Comments, spaces and EXPLAIN ANALYZE change nothing."""
    assume(
        "GRANT" not in statement and "CALL" not in statement and "DROP" not in statement and "TRUNCATE" not in statement
    )
    plain = derive(SqlPayload(statement, "postgres"), *NOTHING)
    assert derive(SqlPayload(wrap.format(statement), "postgres"), *NOTHING).access >= plain.access


@given(st.lists(SHELL, min_size=1, max_size=4), JOINS)
def test_adding_a_command_never_lowers_the_access(commands, join):
    """The whole line is at least as dangerous as each of its commands."""
    whole = derive(SshPayload("web-1", join.join(commands)), *NOTHING)
    assert whole.parsed
    for command in commands:
        assert whole.access >= derive(SshPayload("web-1", command), *NOTHING).access


@given(SHELL, st.lists(WRAPS, max_size=3))
def test_wrapping_a_command_never_lowers_the_access(command, wraps):
    """Subshells, substitutions, compound commands, eval and sh -c hide nothing."""
    plain = derive(SshPayload("web-1", command), *NOTHING)
    line = command
    for wrap in wraps:
        assume("'" not in wrap or "'" not in line)
        line = wrap.format(line)
    assert derive(SshPayload("web-1", line), *NOTHING).access >= plain.access


@given(SHELL, st.data())
def test_quoting_a_program_changes_nothing(command, data):
    """However it is spelt, the shell runs the same program."""
    program, space, rest = command.partition(" ")
    at = data.draw(st.integers(0, len(program) - 1))
    spelt = data.draw(
        st.sampled_from(
            [
                f"'{program}'",
                f'"{program}"',
                f"{program[:at]}\\{program[at:]}",
                f"{program[:at]}''{program[at:]}",
                f"$'{program}'",
            ]
        )
    )
    plain, other = (derive(SshPayload("web-1", c), *NOTHING) for c in (command, spelt + space + rest))
    assert (plain.action, plain.access) == (other.action, other.access)


@given(PAYLOADS, st.text(min_size=1, max_size=12))
def test_a_verb_that_is_not_the_derived_one_is_always_a_mismatch(payload, verb):
    """Whatever the agent calls it."""
    truth = derive(payload, *NOTHING)
    names = {truth.action.name.lower(), truth.action.name.lower().partition(":")[2]}
    assume(verb.casefold() not in names | {"shell", "query", "read"})
    derived = derive(payload, Target("", ""), Action(verb))
    assert any(m.startswith("action: ") for m in derived.mismatches)
    assert derived.action.name == truth.action.name


@given(PAYLOADS)
def test_declaring_the_truth_is_never_a_mismatch(payload):
    """What was derived can be declared: a fixed point."""
    truth = derive(payload, *NOTHING)
    assert derive(payload, truth.target, truth.action) == truth


@given(PAYLOADS)
def test_deriving_is_pure(payload):
    """Twice the same payload gives twice the same answer, and the answers are not shared with the first caller."""
    before = copy.deepcopy(payload)
    first, second = derive(payload, *NOTHING), derive(payload, *NOTHING)
    assert first == second
    assert payload == before


@pytest.mark.parametrize(
    "payload", [None, 17, "SELECT 1", object(), SqlPayload(None), SshPayload("a", None), HttpPayload("GET", None, "/")]
)
def test_what_is_no_payload_is_refused_and_not_a_crash(payload):
    """Even what the types forbid ends as the most dangerous class."""
    derived = derive(payload, *NOTHING)
    assert (derived.parsed, derived.access) == (False, Access.UNKNOWN)
    assert derived.kind == KINDS.get(type(payload), "")


def test_a_refusal_keeps_the_declared_pair():
    """So that whoever reads the decision sees what was claimed."""
    declared = (Target("table", "orders", {"a": 1}), Action("select", {"b": 2}))
    derived = derive(SqlPayload("nonsense here", "postgres"), *declared)
    assert (derived.target, derived.action, derived.parsed) == (*declared, False)
