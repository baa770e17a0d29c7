r"""Shell text into words and operators, the way POSIX shells and bash read it. Anything uncertain is refused.

Quotes and escapes are resolved, so ``r\m``, ``'r'm`` and ``$'\x72m'`` are all the word ``rm``. Expansions stay as
written and are marked, because only the shell knows what they become. Command substitutions come back as token lists of
their own.
"""

from __future__ import annotations

import re
from typing import Final

from pdp.native.agreement import NotUnderstood
from pdp.native.shell_words import ASSIGNMENT, CONTROL, Draft, Token, Word, decode_ansi

MAX_CHARACTERS: Final = 8192
MAX_DEPTH: Final = 8

OPERATORS: Final = re.compile(r"&&|\|\||;;&|;;|;&|\|&|&>>|&>|<<<|<<-|<<|<>|<&|>&|>>|>\||[<>]\(|[|&;<>()\n]")
_BLANK: Final = re.compile(r"(?:[ \t]|\\\n)+")
_PLAIN: Final = re.compile(r"[^ \t\n'\"\\$`|&;<>()]+")
_SIMPLE: Final = re.compile(r"[A-Za-z0-9_./:,@%+=^-]+(?=[ \t\n;|&)]|\Z)")
_IN_DOUBLE: Final = re.compile(r"[^\"\\$`]+")
_VARIABLE: Final = re.compile(r"[A-Za-z_]\w*|[0-9@*#?$!-]")
_PARAMETER: Final = re.compile(r"[!#]?([A-Za-z_]\w*|[0-9]+|[@*#?$!-])(\[[\w@*$+-]+\])?(.*)", re.DOTALL)
_HERE: Final = frozenset({"<<", "<<-"})


class Lexer:
    """Reads one script. ``tokens`` are its own, ``scripts`` those of every substitution found inside it."""

    def __init__(self, text: str, depth: int = 0) -> None:
        if depth > MAX_DEPTH:
            raise NotUnderstood(f"ssh.command: substitutions nested deeper than {MAX_DEPTH}")
        self.text = text
        self.at = 0
        self.depth = depth
        self.nesting = 0
        self.tokens: list[Token] = []
        self.scripts: list[list[Token]] = []
        self._here: list[tuple[Word, bool]] = []

    def read(self, *, until_parenthesis: bool = False) -> list[Token]:
        """Tokenise to the end, or to the parenthesis that closes a substitution."""
        text, size, tokens = self.text, len(self.text), self.tokens
        open_parentheses = 0
        while True:
            blank = _BLANK.match(text, self.at)
            if blank:
                self.at = blank.end()
            if self.at >= size:
                break
            simple = _SIMPLE.match(text, self.at)
            if simple:
                self.at = simple.end()
                self._emit_simple(simple[0])
                continue
            if text[self.at] == "#":
                end = text.find("\n", self.at)
                self.at = size if end < 0 else end
                continue
            operator = OPERATORS.match(text, self.at)
            if operator is None:
                self._emit(self._word())
                continue
            sign = operator[0]
            if sign == ")" and until_parenthesis and not open_parentheses:
                self.at += 1
                self._no_open_here()
                return tokens
            open_parentheses += (sign == "(") - (sign == ")")
            self._operator(sign)
        if until_parenthesis:
            raise NotUnderstood("ssh.command: a parenthesis is not closed")
        self._no_open_here()
        return tokens

    def _emit_simple(self, text: str) -> None:
        assignment = ASSIGNMENT.match(text) if "=" in text else None
        word = Word(text, assigns=assignment[1]) if assignment else Word(text)
        if self.tokens and self.tokens[-1] in _HERE:
            self._note_here(word)
        self.tokens.append(word)

    def _emit(self, word: Word) -> None:
        following = self.text[self.at : self.at + 1]
        if word.text.isdigit() and not word.quoted and following and following in "<>":
            return  # the number of a file descriptor
        self._note_here(word)
        self.tokens.append(word)

    def _note_here(self, word: Word) -> None:
        if self.tokens and self.tokens[-1] in _HERE:
            self._here.append((word, self.tokens[-1] == "<<-"))

    def _no_open_here(self) -> None:
        if self._here:
            raise NotUnderstood("ssh.command: a here-document has no end")

    def _operator(self, sign: str) -> None:
        self.at += len(sign)
        if sign in {"<(", ">("}:
            self._substitution()
            self.tokens.append(Word(f"{sign}...)", dynamic=True))
            return
        self.tokens.append(sign)
        if sign == "\n":
            for word, strips in self._here:
                self._here_document(word, strips=strips)
            self._here.clear()

    def _here_document(self, word: Word, *, strips: bool) -> None:
        lines: list[str] = []
        while True:
            if self.at >= len(self.text):
                raise NotUnderstood("ssh.command: a here-document has no end")
            end = self.text.find("\n", self.at)
            line = self.text[self.at :] if end < 0 else self.text[self.at : end]
            self.at = len(self.text) if end < 0 else end + 1
            if (line.lstrip("\t") if strips else line) == word.text:
                break
            lines.append(line)
        if not word.quoted:
            inner = Lexer("\n".join(lines), self.depth + 1)
            inner.expansions()
            self.scripts.extend(inner.scripts)

    def expansions(self) -> None:
        """Only find the substitutions in the text, as the shell does in a here-document."""
        draft = Draft()
        while self.at < len(self.text):
            self._double_part(draft)

    def _word(self) -> Word:
        draft = Draft()
        text, size = self.text, len(self.text)
        while self.at < size:
            plain = _PLAIN.match(text, self.at)
            if plain:
                self.at = plain.end()
                draft.parts.append(plain[0])
                draft.bare.append(plain[0])
                continue
            sign = text[self.at]
            if sign == "\\":
                self._escape(draft)
            elif sign == "'":
                self._single(draft)
            elif sign == '"':
                self.at += 1
                self._double(draft)
            elif sign == "$":
                self._dollar(draft, quoted=False)
            elif sign == "`":
                self._backquote(draft, quoted=False)
            else:
                break
        return draft.finish()

    def _escape(self, draft: Draft) -> None:
        if self.at + 1 >= len(self.text):
            raise NotUnderstood("ssh.command: ends in a backslash")
        if self.text[self.at + 1] != "\n":
            draft.parts.append(self.text[self.at + 1])
            draft.quoted = True
        self.at += 2

    def _single(self, draft: Draft) -> None:
        end = self.text.find("'", self.at + 1)
        if end < 0:
            raise NotUnderstood("ssh.command: a single quote is not closed")
        draft.parts.append(self.text[self.at + 1 : end])
        draft.quoted = True
        self.at = end + 1

    def _double(self, draft: Draft) -> None:
        draft.quoted = True
        while True:
            if self.at >= len(self.text):
                raise NotUnderstood("ssh.command: a double quote is not closed")
            if self.text[self.at] == '"':
                self.at += 1
                return
            self._double_part(draft)

    def _double_part(self, draft: Draft) -> None:
        plain = _IN_DOUBLE.match(self.text, self.at)
        if plain:
            draft.parts.append(plain[0])
            self.at = plain.end()
            return
        sign = self.text[self.at]
        if sign == "$":
            self._dollar(draft, quoted=True)
        elif sign == "`":
            self._backquote(draft, quoted=True)
        elif sign == "\\" and self.text[self.at + 1 : self.at + 2] in {"$", "`", '"', "\\", "\n"}:
            following = self.text[self.at + 1]
            draft.parts.append("" if following == "\n" else following)
            self.at += 2
        else:
            draft.parts.append(sign)
            self.at += 1

    def _dollar(self, draft: Draft, *, quoted: bool) -> None:
        self.nesting += 1
        if self.nesting > MAX_DEPTH:
            raise NotUnderstood(f"ssh.command: expansions nested deeper than {MAX_DEPTH}")
        self._expansion(draft, quoted=quoted)
        self.nesting -= 1

    def _expansion(self, draft: Draft, *, quoted: bool) -> None:
        start = self.at
        following = self.text[start + 1 : start + 2]
        if following == "'" and not quoted:
            self._ansi(draft)
        elif following == '"' and not quoted:
            self.at += 2
            self._double(draft)
        elif following == "(":
            self._dollar_parenthesis(draft, quoted=quoted)
        elif following == "{":
            self._parameter(draft, quoted=quoted)
        elif following == "[":
            raise NotUnderstood("ssh.command: $[...] is not supported; use $((...))")
        else:
            variable = _VARIABLE.match(self.text, start + 1)
            self.at = variable.end() if variable else start + 1
            if variable:
                draft.expands(variable[0], quoted=quoted)
            draft.parts.append(self.text[start : self.at])

    def _dollar_parenthesis(self, draft: Draft, *, quoted: bool) -> None:
        if self.text.startswith("$((", self.at):
            self.at += 3
            self._arithmetic()
            draft.dynamic = True
            draft.parts.append("$((...))")
            return
        draft.expands("", quoted=quoted)
        self.at += 2
        self._substitution()
        draft.parts.append("$(...)")

    def _substitution(self) -> None:
        inner = Lexer(self.text, self.depth + 1)
        inner.at = self.at
        self.scripts.append(inner.read(until_parenthesis=True))
        self.scripts.extend(inner.scripts)
        self.at = inner.at

    def _arithmetic(self) -> None:
        """To the closing ``))``. What it computes is a number; what it substitutes runs."""
        depth = 0
        inside = Draft()
        while self.at < len(self.text):
            sign = self.text[self.at]
            if sign == "$":
                self._dollar(inside, quoted=True)
                continue
            if sign == "`":
                self._backquote(inside, quoted=True)
                continue
            if sign in "'\"\\":
                raise NotUnderstood("ssh.command: quotes inside arithmetic")
            if sign == ")" and not depth:
                if not self.text.startswith("))", self.at):
                    break
                self.at += 2
                return
            depth += (sign == "(") - (sign == ")")
            self.at += 1
        raise NotUnderstood("ssh.command: arithmetic is not closed")

    def _parameter(self, draft: Draft, *, quoted: bool) -> None:
        """``${...}``: finds its end, the substitutions in it and the variable it reads."""
        start = self.at
        self.at += 2
        inside = Draft()
        while True:
            if self.at >= len(self.text):
                raise NotUnderstood("ssh.command: ${ is not closed")
            sign = self.text[self.at]
            if sign == "}":
                break
            if sign == "$":
                self._dollar(inside, quoted=quoted)
            elif sign == "`":
                self._backquote(inside, quoted=quoted)
            elif sign == "\\":
                self.at += 2
            elif sign == "'" and not quoted:
                self._single(inside)
            elif sign == '"':
                self.at += 1
                self._double(inside)
            else:
                self.at += 1
        body = self.text[start + 2 : self.at]
        self.at += 1
        match = _PARAMETER.fullmatch(body)
        if match is None or "@P" in match[3] or match[3].startswith("["):
            raise NotUnderstood("ssh.command: a parameter expansion that is not understood")
        # An operator may put any text in place of the variable's own: ${x:--delete}.
        draft.expands(match[1], quoted=quoted)
        if match[3]:
            draft.expands("", quoted=quoted)
        draft.parts.append(self.text[start : self.at])

    def _backquote(self, draft: Draft, *, quoted: bool) -> None:
        end = self.at + 1
        while end < len(self.text) and self.text[end] != "`":
            end += 2 if self.text[end] == "\\" else 1
        if end >= len(self.text):
            raise NotUnderstood("ssh.command: a backquote is not closed")
        body = re.sub(r"\\([$`\\\"])" if quoted else r"\\([$`\\])", r"\1", self.text[self.at + 1 : end])
        inner = Lexer(body, self.depth + 1)
        self.scripts.append(inner.read())
        self.scripts.extend(inner.scripts)
        draft.expands("", quoted=quoted)
        draft.parts.append("$(...)")
        self.at = end + 1

    def _ansi(self, draft: Draft) -> None:
        end = self.at + 2
        while end < len(self.text) and self.text[end] != "'":
            end += 2 if self.text[end] == "\\" else 1
        if end >= len(self.text):
            raise NotUnderstood("ssh.command: a $' quote is not closed")
        draft.parts.append(decode_ansi(self.text[self.at + 2 : end]))
        draft.quoted = True
        self.at = end + 1


def tokenise(text: str) -> list[list[Token]]:
    """Tokens of the script and of every substitution in it, the script first. Raises ``NotUnderstood``."""
    if len(text) > MAX_CHARACTERS:
        raise NotUnderstood(f"ssh.command: more than {MAX_CHARACTERS} characters")
    if CONTROL.search(text):
        raise NotUnderstood("ssh.command: holds a control character")
    lexer = Lexer(text)
    tokens = lexer.read()
    return [tokens, *lexer.scripts]
