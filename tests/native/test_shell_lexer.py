"""Words as the shell would see them, compared with bash itself where there is one."""

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.native.agreement import NotUnderstood
from pdp.native.shell_grammar import parse
from pdp.native.shell_lexer import tokenise
from pdp.native.shell_words import Word, decode_ansi

BASH = shutil.which("bash")


def words(line: str) -> list[str]:
    return [t.text if isinstance(t, Word) else f"<{t}>" for t in tokenise(line)[0]]


@pytest.mark.parametrize(
    "line, wanted",
    [
        ("a b  c", ["a", "b", "c"]),
        ("a\\ b c", ["a b", "c"]),
        ("'a b' \"c d\"", ["a b", "c d"]),
        ("a'b'\"c\"d", ["abcd"]),
        ("''", [""]),
        ('"a\\"b" "a\\$b" "a\\nb"', ['a"b', "a$b", "a\\nb"]),
        ("'a\\nb'", ["a\\nb"]),
        ("$'a\\tb\\x41\\u00e9\\101'", ["a\tbAéA"]),
        ("$'a\\0b' c", ["a", "c"]),
        ('$"a b"', ["a b"]),
        ("a#b #c", ["a#b"]),
        ("a # b\nc", ["a", "<\n>", "c"]),
        ("a\\\nb", ["ab"]),
        ('"a\\\nb"', ["ab"]),
        ("a;b&&c||d|e&f", ["a", "<;>", "b", "<&&>", "c", "<||>", "d", "<|>", "e", "<&>", "f"]),
        ("a>b 2>&1 3<c", ["a", "<>>", "b", "<>&>", "1", "<<>", "c"]),
        ("a 2 >b", ["a", "2", "<>>", "b"]),
        ("a2>b", ["a2", "<>>", "b"]),
        ("a >>b <<<c &>d >|e", ["a", "<>>>", "b", "<<<<>", "c", "<&>>", "d", "<>|>", "e"]),
        ("(a)", ["<(>", "a", "<)>"]),
        ("a $b ${c} ${d:-e f}", ["a", "$b", "${c}", "${d:-e f}"]),
        ("a$(b c)d", ["a$(...)d"]),
        ("a`b c`d", ["a$(...)d"]),
        ("$((1 + 2))", ["$((...))"]),
        ("a$ $", ["a$", "$"]),
        ("x=1 y+=2 z[1]=3", ["x=1", "y+=2", "z[1]=3"]),
        ("cat <<X\na b\nX\nc", ["cat", "<<<>", "X", "<\n>", "c"]),
        ("cat <<-X\n\ta\n\tX\nc", ["cat", "<<-".join("<>"), "X", "<\n>", "c"]),
        ("é ü", ["é", "ü"]),
    ],
)
def test_lines_become_words_and_operators(line, wanted):
    """Quotes are resolved, operators stand apart, comments and here-documents are gone."""
    assert words(line) == wanted


@pytest.mark.parametrize(
    "line, inner",
    [
        ("a $(b c)", [["b", "c"]]),
        ("a `b c`", [["b", "c"]]),
        ('a "$(b)"', [["b"]]),
        ("a $(b $(c))", [["b", "$(...)"], ["c"]]),
        ("a `b \\`c\\``", [["b", "$(...)"], ["c"]]),
        ("a ${x:-$(b)}", [["b"]]),
        ('a "${x:-"$(b)"}"', [["b"]]),
        ("a $((1 + $(b)))", [["b"]]),
        ("a <(b) >(c)", [["b"], ["c"]]),
        ("a <<X\n$(b)\nX\n", [["b"]]),
        ("a <<'X'\n$(b)\nX\n", []),
        ("a '$(b)'", []),
        ("a \\$(b", None),
        ("a $(b; c) d", [["b", "<;>", "c"]]),
        ("a $(b ')' c)", [["b", ")", "c"]]),
        ("a $( (b) )", [["<(>", "b", "<)>"]]),
    ],
)
def test_substitutions_are_scripts_of_their_own(line, inner):
    """Wherever the shell would run something, it is found; in single quotes it would not."""
    if inner is None:
        with pytest.raises(NotUnderstood):
            parse(tokenise(line))
        return
    scripts = tokenise(line)[1:]
    assert sorted([t.text if isinstance(t, Word) else f"<{t}>" for t in s] for s in scripts) == sorted(inner)


def word(text: str) -> Word:
    (found,) = (t for t in tokenise(text)[0] if isinstance(t, Word))
    return found


@pytest.mark.parametrize(
    "text, dynamic, open_variables, open_substitution",
    [
        ("a", False, (), False),
        ("'$a'", False, (), False),
        ("$a", True, ("a",), False),
        ("x$a", True, ("a",), False),
        ('"$a"', True, ("a",), False),
        ('"x$a"', True, (), False),
        ('x"$a"', True, (), False),
        ("$(a)", True, (), True),
        ('"$(a)"', True, (), True),
        ('"x$(a)"', True, (), False),
        ("x$(a)", True, (), True),
        ("${a}", True, ("a",), False),
        ("${a:-b}", True, ("a",), True),
        ("$?", True, (), False),
        ("$1", True, ("1",), False),
        ("{a,b}", True, (), True),
        ("-{a,b}", True, (), True),
        ("{1..3}", True, (), True),
        ("{a}", False, (), False),
        ("'{a,b}'", False, (), False),
        ('{"a",b}', True, (), True),
        ("$((1))", True, (), False),
    ],
)
def test_what_could_become_an_option_is_marked(text, dynamic, open_variables, open_substitution):
    """Unquoted or leading expansions may turn into words of their own; braces too."""
    found = word(text)
    assert (found.dynamic, found.open_variables, found.open_substitution) == (
        dynamic,
        open_variables,
        open_substitution,
    )


@pytest.mark.parametrize(
    "text, name",
    [("x=1", "x"), ("x+=1", "x"), ("x[2]=1", "x"), ("'x'=1", ""), ("x", ""), ("1x=2", ""), ("x=$(a)", "x")],
)
def test_assignments_are_told_from_words(text, name):
    """Only an unquoted name before the sign assigns."""
    assert word(text).assigns == name


@pytest.mark.parametrize(
    "line", ["'a", '"a', "`a", "$(a", "${a", "$((1", "a\\", "$'a", "cat <<X\na", "$[1]", "${x@P}", "a\x07"]
)
def test_what_is_not_closed_is_refused(line):
    """The shell would wait for more, or do something that cannot be foreseen."""
    with pytest.raises(NotUnderstood):
        tokenise(line)


def test_ansi_quotes_keep_unknown_escapes():
    """As bash does; letters, numbers and quotes are resolved."""
    assert decode_ansi("a\\qb\\'c\\\\d\\e") == "a\\qb'c\\d\x1b"


@pytest.mark.skipif(BASH is None, reason="bash is not installed")
@given(st.text(alphabet="ab '\"\\\\=.-é", max_size=14))
def test_words_are_those_of_bash(line):
    """Quotes and escapes in any order give the arguments that bash passes on."""
    try:
        ours = words(line)
    except NotUnderstood:
        return
    assert BASH is not None
    done = subprocess.run([BASH, "-c", f"printf '%s\\0' : {line}"], capture_output=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().split("\0")[1:-1] == ours


@pytest.mark.skipif(BASH is None, reason="bash is not installed")
@given(
    st.lists(
        st.sampled_from(
            "a b ; && || | & ( ) { } if then else fi for x in do done while case esac ;; ! > < f \n [[ ]]".split(" ")
        ),
        max_size=12,
    ).map(" ".join)
)
def test_what_bash_would_not_run_is_refused(line):
    """A line that bash calls a syntax error never counts as understood: nobody knows what a server makes of it."""
    assert BASH is not None
    done = subprocess.run([BASH, "-n", "-c", line], capture_output=True, timeout=20, check=False)
    if done.returncode == 0 and not done.stderr:
        return
    with pytest.raises(NotUnderstood):
        parse(tokenise(line))
