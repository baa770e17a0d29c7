"""Compound commands balance, and every simple command inside them is listed."""

import pytest

from pdp.native.agreement import NotUnderstood
from pdp.native.shell_grammar import MAX_COMMANDS, parse
from pdp.native.shell_lexer import tokenise


def commands(line: str) -> list[str]:
    return [" ".join(w.text for w in c.words) for c in parse(tokenise(line)).commands if c.words]


@pytest.mark.parametrize(
    "line, wanted",
    [
        ("a b", ["a b"]),
        ("a; b; c", ["a", "b", "c"]),
        ("a |\nb", ["a", "b"]),
        ("a &&\n\nb", ["a", "b"]),
        ("a\n\n\nb\n", ["a", "b"]),
        ("! a", ["a"]),
        ("a & b &", ["a", "b"]),
        ("(a; b) | c", ["a", "b", "c"]),
        ("((a))", ["a"]),
        ("{ a; b; } > c", ["a", "b"]),
        ("{ { a; } }", ["a"]),
        ("if a; then b; elif c; then d; else e; fi", ["a", "b", "c", "d", "e"]),
        ("if a\nthen\nb\nfi", ["a", "b"]),
        ("if { a; } then b; fi", ["a", "b"]),
        ("while a; do b; done < c", ["a", "b"]),
        ("until a; do b; done | c", ["a", "b", "c"]),
        ("for x in a b c; do d $x; done", ["d $x"]),
        ("for x\ndo a; done", ["a"]),
        ("for x; do a; done", ["a"]),
        ("for ((i=0; i<9; i++)); do a; done", ["a"]),
        ("select x in a b; do c; done", ["c"]),
        ("case $x in a) b ;; (c|d) e ;& *) f ;; esac", ["b", "e", "f"]),
        ("case x in esac", []),
        ("case x in a) b; esac", ["b"]),
        ("f() { a; }; f", ["a", "f"]),
        ("function f { a; }", ["a"]),
        ("function f() { a; }", ["a"]),
        ("[[ a && b < c ]] || d", ["[[ a b c", "d"]),
        ("coproc a", ["a"]),
        ("x=1 y=2 a b", ["a b"]),
        ("x=(1 2 3) ; a", ["a"]),
        ("x=(1\n2) ; a", ["a"]),
        ("echo if then fi", ["echo if then fi"]),
        ("'if' a", ["if a"]),
        ("> a", []),
        ("", []),
    ],
)
def test_every_simple_command_is_listed(line, wanted):
    """On every path, in source order; reserved words count only where a command may begin."""
    assert commands(line) == wanted


@pytest.mark.parametrize(
    "line",
    ["a;;b", "; a", "a && ; b", "a | | b", "a |", "|| a", "& a", "(a", "a)", "{ a", "a; }", "( )x", "(a) b", "{ a; } b",
     "if a; fi b", "if a then b", "fi", "then a", "do a; done", "while a; done x", "for; do a; done", "for x in a b",
     "for x in a; b; done", "case x", "case x in a b) c ;; esac", "esac", "case x in a) b", "[[ a", "a >", "a > ; b",
     "x=(1 2", "a (b)", "a b() { c; }", "if a; then; b; fi", "{ a }", "for (( i=0; i<3; i++ ; do a; done"],
)  # fmt: skip
def test_what_does_not_balance_is_refused(line):
    """An opener without its closer, a closer without its opener, an operator without a command."""
    with pytest.raises(NotUnderstood):
        parse(tokenise(line))


def test_only_what_follows_a_pipe_is_piped():
    """Which decides whether a filter is one."""
    found = parse(tokenise("a | b; c | d && e")).commands
    assert [c.piped for c in found] == [False, True, False, True, False]


def test_assignments_and_redirects_stay_with_their_command():
    """In any order around the words."""
    (found,) = parse(tokenise("x=1 >out a b <in y=2")).commands
    assert [w.text for w in found.assignments] == ["x=1"]
    assert [w.text for w in found.words] == ["a", "b", "y=2"]
    assert [(o, w.text) for o, w in found.redirects] == [(">", "out"), ("<", "in")]


def test_loops_tell_what_they_assign():
    """Their variables may hold anything the line says."""
    assert parse(tokenise("for x in a; do for y in b; do c; done; done")).assigned == {"x", "y"}


def test_functions_are_flagged():
    """A definition may give a known name another meaning."""
    assert parse(tokenise("ls() { a; }")).flags == {"function_definition"}


def test_the_number_of_commands_is_capped():
    """A long list is refused, a list at the limit is read."""
    assert len(commands("; ".join(["a"] * MAX_COMMANDS))) == MAX_COMMANDS
    with pytest.raises(NotUnderstood):
        commands("; ".join(["a"] * (MAX_COMMANDS + 1)))
