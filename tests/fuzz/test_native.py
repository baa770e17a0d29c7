"""Native payloads from anything at all: never an exception, never a lenient answer, never slow."""

import shutil
import subprocess
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.native import derive
from pdp.native.sql_text import DIALECTS
from pdp.types import (
    Access,
    Action,
    CloudPayload,
    Derived,
    HttpPayload,
    KubernetesPayload,
    McpPayload,
    SqlPayload,
    SshPayload,
    Target,
)

pytestmark = pytest.mark.fuzz

SECONDS = 5.0  # a hundred times what it takes, for machines that are busy with something else
BLANKS = ("\n", "\t", "\u00a0", "\u200b", "\\ ")
SQL_WORDS = st.sampled_from(
    """SELECT FROM WHERE WITH AS ( ) ( ) , , ; * + - = <> 'a' "b" `c` [d] 1 0 x y z x.y t INSERT INTO VALUES UPDATE SET
    DELETE DROP TABLE MERGE USING ON MATCHED WHEN THEN NOT NULL IS IN EXISTS AND OR UNION ALL LIMIT 5 OFFSET JOIN LEFT
    LATERAL CASE END EXPLAIN ANALYZE RETURNING FOR CREATE REPLACE VIEW FUNCTION GRANT TO COPY STDIN PROGRAM CALL EXEC f(
    count(*) -- /* */ /*! # $$ E' U&" @ @@ := :: -> ->> INTERVAL CAST( ARRAY[ { } RECURSIVE OVER PARTITION BY ORDER TOP
    PERCENT PIVOT EXCEPT TRUE \\ \\' % xp_cmdshell pg_sleep( BEGIN COMMIT TRUNCATE ALTER GO DISTINCT WINDOW QUALIFY
    UNNEST( IF( é""".split()
    + list(BLANKS)
)
SHELL_WORDS = st.sampled_from(
    """ls rm cat find grep sed awk sh bash -c -exec {} \\; + ; ;; && || | & ( ) { } [ [[ ]] ]] ! if then else fi for in
    do done while case esac $x ${x} ${x:-y} $( ) $(( )) ` ' " \\ # < > >> << <<< <<X X 2>&1 *.txt {a,b} ~ -delete -i
    s/a/b/e 's/a/b/' '{print}' sudo env xargs -I{} eval x=y PATH=z a b /etc/passwd -- - -n function f() $'\\x72' $" @ é
    time su trap git -C push tar cf curl -X""".split()
    + list(BLANKS)
)
BASH = shutil.which("bash")
# No loops that never end, no function that could call itself.
RUNNABLE = st.sampled_from(
    [
        *"""p1 p2 p3 p1 p2 ; && || | & { } ; if then else fi for x in do done case esac ;; ! $( $( ) ) ` ` " " ' ' \\
    # <
        >/dev/null 2>&1 <<X X <<'X' $x ${x:- } $(( )) x=p3 eval p1" 'p2 \\p1 $'p\\x32' a b * {p1,p2} -c [[ ]] : true
    false
        echo command builtin exec >& | |""".split(),
        *("\n", "\nX\n", " "),
    ]
)
SPELT = st.sampled_from(
    [
        "p1",
        "p2",
        "p3",
        "'p4'",
        '"p5"',
        "\\p6",
        "p''7",
        "$'p\\x38'",
        "command p9",
        "eval p10",
        "eval 'p11 a'",
        "p1\\\n2",
        "! p13",
    ]
)
ARGUMENT = st.sampled_from(["", "a", "'b c'", '"$x"', "$(p14)", "`p15`", '"$(p16 a)"', "${x:-$(p17)}",
"$((1 + $(p18)))", "<(p19)",
                            ">/dev/null", "2>&1", "<<<$(p20)", "<<X\n$(p21)\nX\n", "<<'X'\n$(p22)\nX\n", "x=y",
                            "# p23\n", "'# $(p24)'"])  # fmt: skip
SIMPLE = st.builds(lambda p, a, b: f"{p} {a} {b}", SPELT, ARGUMENT, ARGUMENT)
LINES = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        st.builds(lambda a, j, b: f"{a}{j}{b}", inner, st.sampled_from([" ; ", " && ", " || ", " | ", "\n", " & "]),
            inner),
        st.builds(
            lambda w, a: w.replace("@", a),
            st.sampled_from(["(@\n)", "{ @\n}", "if @\nthen p25; fi", "if true; then @\nfi", "for y in a b; do @\ndone",
                             "case a in (a) @\n;; esac", "echo $(@\n)", "x=$(@\n)", "echo `p26`; @",
                             "[[ a < b ]] && { @\n}"]),
            inner,
        ),
    ),
    max_leaves=6,
)  # fmt: skip
URL = st.text(alphabet="/.%25eEfFcC;\\a?&=+#@: é\x00", max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.text(max_size=12) | st.sampled_from(["", "*", "a/b", "shop", "x" * 300])
TARGETS = st.builds(Target, NAMES, NAMES, st.dictionaries(NAMES, JSON, max_size=2))
ACTIONS = st.builds(Action, NAMES, st.dictionaries(NAMES, JSON, max_size=2))


def joined(words: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(words, max_size=30).flatmap(lambda w: st.sampled_from([" ", ""]).map(lambda sep: sep.join(w)))


def sound(derived: Derived, started: float) -> None:
    """The promises that hold for every answer."""
    assert time.perf_counter() - started < SECONDS
    assert isinstance(derived.access, Access)
    assert isinstance(derived.facts["flags"], list)
    if not derived.parsed:
        assert derived.access is Access.UNKNOWN
        assert derived.facts["problem"]
        # Our own readers never break; sqlglot's parsers for rarer dialects sometimes do, and that is a refusal too.
        assert derived.kind == "sql" or "gave up" not in derived.facts["problem"], derived.facts


@given(joined(SQL_WORDS) | st.text(max_size=200), st.sampled_from(sorted(DIALECTS)), TARGETS, ACTIONS)
def test_any_sql_gets_a_sound_answer(text, dialect, target, action):
    """Words of SQL in any order, in every dialect, and plain noise."""
    started = time.perf_counter()
    sound(derive(SqlPayload(text, dialect, "db"), target, action), started)


@given(joined(SHELL_WORDS) | st.text(max_size=200), TARGETS, ACTIONS)
def test_any_command_gets_a_sound_answer(command, target, action):
    """Words of shell in any order, and plain noise."""
    started = time.perf_counter()
    sound(derive(SshPayload("web-1", command, "ops"), target, action), started)


@given(joined(SHELL_WORDS), joined(SHELL_WORDS), st.sampled_from([" ; ", " && ", "\n", " | "]))
def test_more_commands_are_never_safer(first, second, join):
    """Joining two lines that are each understood is at least as dangerous as each, or refused."""
    started = time.perf_counter()
    both = derive(SshPayload("web-1", first + join + second), Target("", ""), Action(""))
    sound(both, started)
    for line in (first, second):
        alone = derive(SshPayload("web-1", line), Target("", ""), Action(""))
        if alone.parsed and "#" not in first and "\\" not in first[-1:] and "<<" not in first:
            assert both.access >= alone.access or not both.parsed


@pytest.mark.skipif(BASH is None, reason="bash is not installed")
@given(joined(RUNNABLE) | LINES)
def test_bash_runs_nothing_that_was_not_seen(tmp_path_factory, line):
    """Every program that bash tries to run is among the derived ones, whenever the line is understood at all."""
    derived = derive(SshPayload("web-1", line), Target("", ""), Action(""))
    if not derived.parsed:
        return
    script = f'command_not_found_handle() {{ printf "%s\\0" "$1" >&9; return 1; }}\n{line}\n'
    place = tmp_path_factory.getbasetemp()
    command = ["/bin/sh", "-c", 'exec 9>"$2"; PATH=/nowhere exec "$0" --norc --noprofile -c "$1"', BASH, script, "ran"]
    subprocess.run(command, cwd=place, stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False)
    ran = set((place / "ran").read_text(errors="replace").split("\0")) - {""}
    assert ran <= set(derived.facts["programs"])


@given(joined(SQL_WORDS), joined(SQL_WORDS))
def test_more_statements_are_never_safer(first, second):
    """Joining two texts that are each understood is at least as dangerous as each, or refused."""
    texts = (first, second, f"{first} ; {second}")
    one, two, both = (derive(SqlPayload(t, "postgres"), Target("", ""), Action("")) for t in texts)
    if one.parsed and two.parsed and both.parsed and "--" not in first:
        assert both.access >= max(one.access, two.access)


@given(
    st.text(max_size=8) | st.sampled_from(["GET", "POST"]),
    URL | st.just("a.example"),
    URL,
    st.dictionaries(URL, URL, max_size=3),
)
def test_any_request_gets_a_sound_answer(method, host, path, headers):
    """Methods, hosts, paths and headers made of what servers trip over."""
    started = time.perf_counter()
    sound(derive(HttpPayload(method, host, path, headers), Target("", ""), Action("")), started)


@given(NAMES, NAMES, NAMES, NAMES, NAMES, NAMES, TARGETS, ACTIONS)
def test_any_kubernetes_request_gets_a_sound_answer(
    verb, resource, group, namespace, name, subresource, target, action
):
    """Any words in any field."""
    started = time.perf_counter()
    sound(derive(KubernetesPayload(verb, resource, group, namespace, name, subresource), target, action), started)


@given(NAMES, NAMES, NAMES, NAMES, NAMES, st.dictionaries(NAMES, JSON, max_size=3), TARGETS, ACTIONS)
def test_any_call_gets_a_sound_answer(provider, service, operation, resource, region, params, target, action):
    """Cloud calls and tool calls with any words and any JSON."""
    started = time.perf_counter()
    sound(derive(CloudPayload(provider, service, operation, resource, region, params), target, action), started)
    sound(derive(McpPayload(provider, operation, params), target, action), started)


@given(
    st.sampled_from(["(", "[", "{", "f(", "NOT ", "- ", "~", "CASE WHEN ", "SELECT ", "(SELECT ", "x.", "x->",
        "ARRAY<", "a,", "a+", "INTERVAL ",
                     "WITH a AS (", "'a' ", "/*", "EXPLAIN ", "IF(", "x::", "x IN (", "JOIN a ON ", "UNION SELECT ",
                     "CAST(", "@", "\\"]),
    st.integers(1, 3000),
    st.sampled_from(sorted(DIALECTS)),
)  # fmt: skip
def test_repetition_is_cheap_in_sql(piece, times, dialect):
    """One piece over and over: refused or read, within the time."""
    started = time.perf_counter()
    sound(derive(SqlPayload(("SELECT " + piece * times)[:20_000], dialect), Target("", ""), Action("")), started)


@given(
    st.sampled_from(["(", "{ ", "$(", "${x:-", "`", "$((", '"', "'", "\\", "a|", "a;", "sh -c ", "env ", "{a,",
        "{,", "[", "[]", "/", "../", "<", "<<X\n",
                     "if a; then ", "for a in b; do ", "case a in b) ", "find -exec ", "a=", "$x", "sed s/[",
                     "awk /[", "~/", "-", "//"]),
    st.integers(1, 4000),
)  # fmt: skip
def test_repetition_is_cheap_in_shell(piece, times):
    """One piece over and over: refused or read, within the time."""
    payloads = (
        SshPayload("web-1", ("ls " + piece * times)[:8192]),
        SshPayload("web-1", f"sed '{(piece * times)[:7000]}' f"),
        SshPayload("web-1", f"awk '{(piece * times)[:7000]}' f"),
        HttpPayload("GET", "a.example", ("/" + piece * times)[:8192]),
    )
    for payload in payloads:
        started = time.perf_counter()
        sound(derive(payload, Target("", ""), Action("")), started)
