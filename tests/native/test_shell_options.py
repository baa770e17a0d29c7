"""Arguments that are programs of their own: sed, awk, curl, tar and the tables behind the others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.native.shell_effects import effect_of, is_filter, worst_of
from pdp.native.shell_options import awk_program, matching_option, read_awk, read_sed, read_tar
from pdp.native.shell_programs import FILTERS, PROGRAMS, QUERIES, RAISES
from pdp.native.shell_subcommands import SUBCOMMANDS
from pdp.types import Access

R, W, D, E, A = Access.READ, Access.WRITE, Access.DELETE, Access.EXECUTE, Access.ADMINISTER


@pytest.mark.parametrize(
    "program",
    [
        "{print $1}",
        "NR==1",
        "$3 > 5",
        "$3 > 5 {print $1}",
        "/a|b/ {print}",
        "$1 ~ /a|b/",
        "!/x>y/",
        "{print (a > b)}",
        'BEGIN {FS=":"; x=4/2} {s += $1/NR} END {print s/2}',
        '{gsub(/[|>]/, ""); print}',
        '{print "a | b > c"}',
        "a || b && c",
        "{if (a) print; else print b} # > none | none",
        "{print $NF}\n/x/ {n++}\nEND {print n}",
    ],
)
def test_harmless_awk_is_read_as_such(program):
    """Comparisons, alternatives in expressions and signs in strings or comments start nothing."""
    assert awk_program(program) == (R, "")


@pytest.mark.parametrize(
    "program, access",
    [
        ('{print > "out"}', W),
        ('{print $1, $2 >> "out"}', W),
        ('{printf("%s", a) > f}', W),
        ('BEGIN {system("id")}', E),
        ('BEGIN {"id" | getline x}', E),
        ('{print | "sh"}', E),
        ('{print |& "sh"}', E),
        ('@load "x"', E),
        ('BEGIN {f="system"; @f("id")}', E),
        ('/"/; {print "id" | "sh"}; /"/', E),
        ('BEGIN {x=4/2; print "id"|"sh"; y=4/2}', E),
        ('BEGIN {x++ / 2; print "id" | "sh" / 3}', E),
        ('{if (1) /"/; print "id" | "sh"; /"/}', E),
        ('BEGIN {print "open}', E),
        ("/[/]/", E),
        ('/[]/ "]/; print "id"|"sh"', E),
        ("/open", E),
    ],
)
def test_awk_that_reaches_out_is_seen(program, access):
    """No string, expression or division hides a pipe, a file or system()."""
    assert awk_program(program)[0] is access


@pytest.mark.parametrize(
    "arguments", [("-f", "p.awk"), ("-i", "inplace", "{print}"), ("-F", ":"), ("-l", "x", "1"), ()]
)
def test_awk_programs_nobody_has_seen_execute(arguments):
    """A program in a file, an extension, or none at all."""
    assert read_awk(arguments)[0] is E


@pytest.mark.parametrize(
    "arguments",
    [
        ("s/a/b/",),
        ("s/a/b/g;s/c/d/2",),
        ("s|/usr|/opt|gI",),
        ("-n", "1,5p"),
        ("-n", "/from/,/to/p"),
        ("-E", "s/(a|b)+/\\1/"),
        ("-e", "1d", "-e", "$d"),
        ("-ne", "/x/p"),
        ("--expression=s/a/b/",),
        ("/x/!d",),
        ("y/abc/xyz/",),
        ("2q",),
        ("$!N; P; D",),
        ("/x/{s/a/b/;p}",),
        ("1i\\\nhead",),
        ("s/\\//-/g",),
        ("s/\\[//",),
        ("s/[[:space:]]*$//",),
    ],
)
def test_harmless_sed_is_read_as_such(arguments):
    """Substitutions, addresses, blocks and printing only change what is printed."""
    assert read_sed(arguments) == (R, "")


@pytest.mark.parametrize(
    "arguments, access",
    [
        (("-i", "s/a/b/", "f"), W),
        (("-i.bak", "s/a/b/", "f"), W),
        (("--in-place=.bak", "s/a/b/", "f"), W),
        (("--in-pl", "s/a/b/", "f"), W),
        (("-ni", "p", "f"), W),
        (("-i", "", "1e id", "f"), E),
        (("1e id",), E),
        (("s/a/b/e",), E),
        (("s/a/id/ge",), E),
        (("w out",), E),
        (("s/a/b/w out",), E),
        (("p;e id",), E),
        (("/x/{e id\n}",), E),
        (("s/[/]x/y/",), E),
        (("/[/]x/e id",), E),
        (("s/[]/]x/y/",), E),
        (("s/[^]/]x/y/",), E),
        (("s/a/b",), E),
        (("-f", "script"), E),
        (("--file=script",), E),
        (("-e", "s/a/\\", "-e", "b/e"), E),
        (("frob",), E),
    ],
)
def test_sed_that_reaches_out_is_seen(arguments, access):
    """In-place edits write; commands, files and anything unusual execute."""
    assert read_sed(arguments)[0] is access


@pytest.mark.parametrize(
    "arguments, access",
    [
        (("tf", "a"), R),
        (("-tvf", "a"), R),
        (("--list", "-f", "a"), R),
        (("cf", "a", "d"), W),
        (("-x", "-f", "a"), W),
        (("--extract", "--file=a"), W),
        (("xIf", "./x", "a"), E),
        (("cf", "host:a", "d"), E),
        (("f", "a"), E),
        ((), E),
    ],
)
def test_tar_is_read_by_its_mode(arguments, access):
    """One mode, no helper programs, no other host; else it executes."""
    assert read_tar(arguments)[0] is access


RAISING = {"-o": W, "--output": W, "--run": E, "-x": E, "add": A}


@pytest.mark.parametrize(
    "argument, found",
    [
        ("-o", "-o"),
        ("-ofile", "-o"),
        ("-uo", "-o"),
        ("-9o", "-o"),
        ("--output", "--output"),
        ("--output=f", "--output"),
        ("--outp=f", "--output"),
        ("--ru", "--run"),
        ("-ox", "-x"),
        ("add", "add"),
        ("--other", ""),
        ("-u", ""),
        ("-", ""),
        ("address", ""),
        ("o", ""),
    ],
)
def test_options_are_found_in_every_spelling(argument, found):
    """Glued values, clusters and abbreviations of long options count; names that only look alike do not."""
    assert matching_option((argument,), RAISING)[1] == found


def test_options_end_at_two_dashes():
    """What follows ``--`` is an operand."""
    assert matching_option(("--", "-o"), RAISING) == (R, "")


@pytest.mark.parametrize("program", sorted(RAISES))
def test_raising_options_raise(program):
    """Every option in the table is worse than the program without it, or as bad and named."""
    for option, access in RAISES[program].items():
        name, found = effect_of(program, (option, "x", "y"))
        assert found >= access
        assert name.startswith(program)
    assert worst_of(program) >= max(RAISES[program].values())


@pytest.mark.parametrize("program", sorted(QUERIES))
def test_questions_are_told_from_orders(program):
    """A question reads; the same question beside an unknown option does not."""
    asking, beside = QUERIES[program]
    for option in asking:
        assert effect_of(program, (option,))[1] is R
        assert effect_of(program, (option, "--frobnicate-now"))[1] > R
    for option in beside - asking:
        assert effect_of(program, (option,))[1] > R


@pytest.mark.parametrize("program", sorted(SUBCOMMANDS))
def test_subcommands_say_what_they_do(program):
    """Listed words have their access, others the program's worst; unknown options in front execute."""
    known = SUBCOMMANDS[program]
    for words, access in known.words.items():
        arguments = tuple(reversed(("x", *words.split()))) if known.name_first else (*words.split(),)
        assert effect_of(program, arguments)[1] >= access
    assert effect_of(program, ("frobnicate", "x"))[1] >= min(E, known.other)
    assert effect_of(program, ("--frobnicate", "x"))[1] >= E


def test_unknown_programs_execute():
    """Nobody knows what they do."""
    assert effect_of("frobnicate", ()) == ("frobnicate", E)
    assert effect_of("frobnicate", ("--version",)) == ("frobnicate", E)


@given(st.sampled_from(sorted(PROGRAMS)), st.lists(st.text(max_size=6), max_size=4).map(tuple))
def test_arguments_never_make_the_name_lie(program, arguments):
    """Whatever the arguments, the action starts with the program that runs."""
    action, access = effect_of(program, arguments)
    assert action.split(" ")[0] == program
    assert access in Access


@pytest.mark.parametrize("program", sorted(FILTERS))
def test_filters_take_a_limited_number_of_operands(program):
    """With more operands than its own program text it reads files, so it is no filter."""
    allowed, _ = FILTERS[program]
    assert is_filter(program, ("x",) * allowed)
    assert not is_filter(program, ("x",) * (allowed + 1))
