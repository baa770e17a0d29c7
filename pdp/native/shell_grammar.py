"""Shell tokens into simple commands. Compound commands only have to balance; what they contain is listed flat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from pdp.native.agreement import NotUnderstood
from pdp.native.shell_words import Token, Word

MAX_COMMANDS: Final = 128

_SEPARATORS: Final = frozenset({";", "&", "\n", "&&", "||", "|", "|&"})
_NEEDS_COMMAND: Final = frozenset({";", "&", "&&", "||", "|", "|&"})
_REDIRECTS: Final = frozenset({"<", ">", ">>", ">|", "<>", "<&", ">&", "&>", "&>>", "<<", "<<-", "<<<"})
_CASE_ENDS: Final = frozenset({";;", ";&", ";;&"})
# What a reserved word finds on the stack and leaves there: ``if`` waits for ``then``, ``fi`` for an ``if`` that had it.
_INNER: Final = {"then": ("if", "then"), "elif": ("then", "if"), "else": ("then", "else"), "do": ("loop", "do")}
_CLOSERS: Final = {"fi": ("then", "else"), "done": ("do",), "}": ("{",), "esac": ("case",), ")": ("(",)}
_OPENERS: Final = {"if": "if", "while": "loop", "until": "loop", "{": "{"}
_MISPLACED: Final = frozenset({"in", "]]"})


@dataclass(slots=True)
class Command:
    """One simple command. ``piped`` says that its input is another command's output."""

    words: list[Word] = field(default_factory=list)
    assignments: list[Word] = field(default_factory=list)
    redirects: list[tuple[str, Word]] = field(default_factory=list)
    piped: bool = False

    def __bool__(self) -> bool:
        return bool(self.words or self.assignments or self.redirects)


@dataclass(slots=True)
class Script:
    """What one or more token lists hold. ``assigned`` are the variables that loops set."""

    commands: list[Command] = field(default_factory=list)
    assigned: set[str] = field(default_factory=set)
    flags: set[str] = field(default_factory=set)


def _syntax_error() -> NotUnderstood:
    return NotUnderstood("ssh.command: not understood as a shell command")


class _Parser:
    def __init__(self, tokens: Sequence[Token], script: Script) -> None:
        self.tokens = tokens
        self.script = script
        self.at = 0
        self.stack: list[str] = []
        self.current = Command()
        self.closed = False
        self.owed = False

    def parse(self) -> None:
        while self.at < len(self.tokens):
            sign = self.tokens[self.at]
            self.at += 1
            if isinstance(sign, Word):
                self._word(sign)
            elif sign in _REDIRECTS:
                self.current.redirects.append((sign, self._next_word()))
            elif sign in _SEPARATORS:
                self._separate(sign)
            elif sign == "(":
                self._open()
            elif sign == ")":
                self._close(")")
            elif sign in _CASE_ENDS and self.stack[-1:] == ["case"]:
                self._finish()
                self._pattern()
            else:
                raise _syntax_error()
        self._finish()
        if self.stack or self.owed:
            raise _syntax_error()

    def _next_word(self) -> Word:
        if self.at >= len(self.tokens) or not isinstance(self.tokens[self.at], Word):
            raise _syntax_error()
        self.at += 1
        word = self.tokens[self.at - 1]
        assert isinstance(word, Word)
        return word

    def _finish(self, *, piped: bool = False) -> None:
        if self.current:
            self.script.commands.append(self.current)
            if len(self.script.commands) > MAX_COMMANDS:
                raise NotUnderstood(f"ssh.command: more than {MAX_COMMANDS} commands")
            self.owed = False
        if self.closed:
            self.owed = False
        self.current = Command(piped=piped)
        self.closed = False

    def _separate(self, token: str) -> None:
        had = bool(self.current) or self.closed
        if token in _NEEDS_COMMAND and not had:
            raise _syntax_error()
        self._finish(piped=token in {"|", "|&"})
        # A newline after && or | does not pay the command that is owed.
        self.owed = self.owed or token in {"&&", "||", "|", "|&"}

    def _open(self) -> None:
        current = self.current
        if self.closed:
            raise _syntax_error()
        if not current:
            self.stack.append("(")
            self.owed = True
        elif len(current.words) == 1 and not current.assignments and self._take(")"):
            self.current = Command()
            self._define()
        elif not current.words and current.assignments and current.assignments[-1].text.endswith("="):
            while not self._take(")"):
                if self.at < len(self.tokens) and self.tokens[self.at] == "\n":
                    self.at += 1
                else:
                    current.assignments.append(self._next_word())
        else:
            raise _syntax_error()

    def _close(self, closer: str) -> None:
        self._finish()
        if not self.stack or self.stack.pop() not in _CLOSERS[closer] or self.owed:
            raise _syntax_error()
        self.closed = True

    def _take(self, operator: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at] == operator:
            self.at += 1
            return True
        return False

    def _word(self, word: Word) -> None:
        current = self.current
        if current.words:
            current.words.append(word)
            return
        bare = "" if word.quoted or word.dynamic or current else word.text
        if self.closed and bare not in _INNER and bare not in _CLOSERS:
            raise _syntax_error()
        if bare and self._reserved(bare):
            return
        if word.assigns:
            current.assignments.append(word)
        else:
            current.words.append(word)

    def _reserved(self, text: str) -> bool:
        if text in _OPENERS:
            self.stack.append(_OPENERS[text])
            self.owed = True
        elif text in _INNER:
            self._continue(*_INNER[text])
        elif text in _CLOSERS:
            self._close(text)
        elif text in {"for", "select"}:
            self._loop()
        elif text == "case":
            self._case()
        elif text == "function":
            self._next_word()
            if self._take("("):
                self._expect(")")
            self._define()
        elif text == "[[":
            self._test()
        elif text in {"!", "coproc"}:
            self.owed = True
        elif text in _MISPLACED:
            raise _syntax_error()
        else:
            return False
        return True

    def _continue(self, waiting: str, following: str) -> None:
        if self.closed:
            self._finish()
        if self.stack[-1:] != [waiting] or self.owed:
            raise _syntax_error()
        self.stack[-1] = following
        self.owed = True

    def _define(self) -> None:
        self.script.flags.add("function_definition")
        self.owed = True

    def _expect(self, operator: str) -> None:
        if not self._take(operator):
            raise _syntax_error()

    def _newlines(self) -> None:
        while self._take("\n"):
            pass

    def _loop(self) -> None:
        self.stack.append("loop")
        self.owed = False
        if self._take("("):
            self._expect("(")
            while not (self._take(")") and self._take(")")):
                token = self.tokens[self.at] if self.at < len(self.tokens) else None
                if token is None or (isinstance(token, Word) and token.quoted):
                    raise _syntax_error()
                self.at += 1
            self._take(";")
            self._body()
            return
        self.script.assigned.add(self._next_word().text)
        self._newlines()
        following = self.tokens[self.at] if self.at < len(self.tokens) else ""
        if isinstance(following, Word) and following.text == "in":
            self.at += 1
            while self.at < len(self.tokens) and isinstance(self.tokens[self.at], Word):
                self.at += 1
        self._take(";")
        self._body()

    def _body(self) -> None:
        self._newlines()
        if self._next_word() != Word("do"):
            raise _syntax_error()
        self._continue("loop", "do")

    def _case(self) -> None:
        self._next_word()
        self._newlines()
        if self._next_word().text != "in":
            raise _syntax_error()
        self.stack.append("case")
        self.owed = False
        self._pattern()

    def _pattern(self) -> None:
        self._newlines()
        self._take("(")
        word = self._next_word()
        if word.text == "esac" and not word.quoted:
            self._close("esac")
            return
        while self._take("|"):
            self._next_word()
        self._expect(")")

    def _test(self) -> None:
        """``[[ ... ]]`` decides; operators inside it compare and do not redirect."""
        self.current.words.append(Word("[["))
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            if isinstance(token, Word):
                if token.text == "]]" and not token.quoted:
                    return
                self.current.words.append(token)
        raise _syntax_error()


def parse(scripts: Sequence[Sequence[Token]]) -> Script:
    """Every simple command in the token lists. Raises ``NotUnderstood`` where the grammar is not kept."""
    script = Script()
    for tokens in scripts:
        _Parser(tokens, script).parse()
    return script
