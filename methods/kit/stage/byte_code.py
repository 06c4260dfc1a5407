"""Tokens of source files, which token each belongs to, and the trees of short statements, all as Python sees them.

A token is what `tokenize` finds, without comments, line ends and indents. Edges go from a token to an earlier one: a
closing bracket to its opening one, a name to its previous use in the file, the colon of a block to its keyword, an
argument to the function called, and a value to its target; a node of several tokens is stood for by its first. Trees
are those of statements of 8 to 24 tokens: a node's span is a constituent, and nodes of more than two parts branch to
the right.
"""

from __future__ import annotations

import ast
import io
import keyword
import platform
import sys
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from methods.kit.engine.archives import decoded
from methods.kit.stage import byte_models, lm_text
from methods.kit.stage.byte_models import TEST, files
from methods.kit.stage.word_models import digest

RELATIONS = ("bracket", "name", "colon", "argument", "value")
SHORTEST, LONGEST, ROOM = 8, 24, 120          # tokens of a statement, and bytes
LABELS = ("", *sorted(name for name, kind in vars(ast).items() if isinstance(kind, type) and issubclass(kind, ast.AST)))
WORDS = ("name", "number", "string", *sorted(keyword.kwlist), *sorted(tokenize.EXACT_TOKEN_TYPES))
_SKIPPED = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
_BLOCKS = {"if", "elif", "else", "for", "while", "with", "try", "except", "finally", "def", "class"}
_PAIRS = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True)
class Code:
    """All test files joined: bytes, begins of files, of each token its first and last byte, its file and word, edges
    (E, 3) of relation, token and head. Trees (S, 3): first token, number of tokens, then heights (S, LONGEST - 1) and
    labels of splits, and labels of single tokens (S, LONGEST)."""

    text: np.ndarray
    starts: np.ndarray
    first: np.ndarray
    last: np.ndarray
    file: np.ndarray
    word: np.ndarray
    edges: np.ndarray
    trees: np.ndarray
    heights: np.ndarray
    labels: np.ndarray
    singles: np.ndarray


def code(small: bool = False, on_progress=None) -> Code:
    if small:
        return _small()
    return Code(**decoded(f"byte-code-{platform.python_version()}", digest(byte_models, lm_text, sys.modules[__name__]),
                          (), lambda: _made(False), on_progress))


@cache
def _small() -> Code:
    return Code(**_made(True))


def _made(small: bool) -> dict[str, np.ndarray]:
    parts: dict[str, list] = {name: [] for name in Code.__dataclass_fields__}
    at = tokens = 0
    for number, file in enumerate(file for file in files(small) if file.part == TEST):
        text = bytes(file.text).decode("ascii")
        parts["text"].append(file.text)
        parts["starts"].append([at])
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SyntaxWarning)
                tree, found = ast.parse(text), _tokens(text)
        except (SyntaxError, tokenize.TokenError):          # a name that is not ASCII
            found = []
        if found:
            first, last, words = (np.array(column) for column in zip(*((a, b, w) for a, b, w, _ in found), strict=True))
            parts["first"].append(first + at)
            parts["last"].append(last + at)
            parts["file"].append(np.full(len(found), number))
            parts["word"].append(words)
            parts["edges"].append(np.array(sorted(set(_edges(tree, text, found)))).reshape(-1, 3) + (0, tokens, tokens))
            for begin, many, heights, labels, singles in _trees(tree, text, found):
                parts["trees"].append([[begin + tokens, many]])
                parts["heights"].append([heights + [0] * (LONGEST - many)])
                parts["labels"].append([labels + [0] * (LONGEST - many)])
                parts["singles"].append([singles + [0] * (LONGEST - many)])
            tokens += len(found)
        at += len(file.text)
    return {name: np.concatenate(kept).astype(np.uint8 if name == "text" else np.int32) for name, kept in parts.items()}


Token = tuple[int, int, int, str]       # first and last byte, word, text


def _begins(text: str) -> list[int]:
    """The byte at which each line begins."""
    begins = [0]
    for line in text.split("\n"):
        begins.append(begins[-1] + len(line) + 1)
    return begins


def _tokens(text: str) -> list[Token]:
    begins, found = _begins(text), []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in _SKIPPED and token.string:
            first = begins[token.start[0] - 1] + token.start[1]
            last = begins[token.end[0] - 1] + token.end[1] - 1
            known = token.string if token.string in WORDS else {tokenize.NAME: "name", tokenize.NUMBER: "number"}.get(
                token.type, "string")
            found.append((first, last, WORDS.index(known), token.string))
    return found


def _edges(tree: ast.AST, text: str, tokens: list[Token]) -> Iterator[tuple[int, int, int]]:
    begins, at = _begins(text), {token[0]: i for i, token in enumerate(tokens)}
    opened: list[int] = []
    used: dict[str, int] = {}
    block = -1
    line_of = -2       # of no token: those of the first line have -1
    for i, (first, _, word, string) in enumerate(tokens):
        line = text.rfind("\n", 0, first)
        if line != line_of and not opened and string in _BLOCKS:
            block = i
        line_of = line
        if string in ("(", "[", "{"):
            opened.append(i)
        elif string in _PAIRS and opened:
            yield 0, i, opened.pop()
        elif string == ":" and not opened and block >= 0:
            yield 2, i, block
            block = -1
        if WORDS[word] == "name":
            if string in used:
                yield 1, i, used[string]
            used[string] = i

    def token(node) -> int:
        return at.get(begins[node.lineno - 1] + node.col_offset, -1)

    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for part in (*node.args, *node.keywords):
                if 0 <= token(node.func) < token(part):
                    yield 3, token(part), token(node.func)
        elif isinstance(node, ast.Assign) and 0 <= token(node.targets[-1]) < token(node.value):
            yield 4, token(node.value), token(node.targets[-1])


Branch = tuple[list[int], list[int], int]       # heights and labels of the splits, and the height of the whole


def joined(parts: list[Branch], label: int) -> Branch:
    """Parts under one node, branching to the right; splits below the top have the empty label.

    >>> leaf = ([], [], 0)
    >>> joined([leaf, joined([leaf, leaf], 7), leaf], 5)
    ([3, 1, 2], [5, 7, 0], 3)
    """
    right = parts[-1]
    for i in range(len(parts) - 2, -1, -1):
        left, height = parts[i], 1 + max(parts[i][2], right[2])
        right = ([*left[0], height, *right[0]], [*left[1], label if i == 0 else 0, *right[1]], height)
    return right


def _trees(tree: ast.AST, text: str, tokens: list[Token]) -> Iterator[tuple[int, int, list, list, list]]:
    begins = _begins(text)
    firsts, lasts = ({token[side]: i for i, token in enumerate(tokens)} for side in (0, 1))
    spans: dict[tuple[int, int], int] = {}

    def span(node) -> tuple[int, int] | None:
        a = firsts.get(begins[node.lineno - 1] + node.col_offset)
        b = lasts.get(begins[node.end_lineno - 1] + node.end_col_offset - 1)
        return None if a is None or b is None else (a, b)

    def branch(a: int, b: int, inside: list[tuple[int, int]]) -> Branch:
        """The tree of tokens a to b, whose label is that of their own span."""
        parts, at = [], a
        while at <= b:
            own = [s for s in inside if s[0] == at and s != (a, b)]
            end = max(s[1] for s in own) if own else at
            parts.append(branch(at, end, [s for s in inside if at <= s[0] and s[1] <= end]) if end > at
                         else ([], [], 0))
            at = end + 1
        return joined(parts, spans.get((a, b), 0))

    nodes = [node for node in ast.walk(tree) if hasattr(node, "lineno")]
    for node in nodes:
        found = span(node)
        if found:
            spans.setdefault(found, LABELS.index(type(node).__name__))      # the outermost of equal spans
    taken: set[tuple[int, int]] = set()
    for node in nodes:
        found = span(node) if isinstance(node, ast.stmt) else None
        if found is None or found in taken or not SHORTEST <= found[1] - found[0] + 1 <= LONGEST \
                or tokens[found[1]][1] - tokens[found[0]][0] >= ROOM:
            continue
        taken.add(found)
        a, b = found
        inside = [s for s in {span(n) for n in ast.walk(node) if hasattr(n, "lineno")} if s and a <= s[0] and s[1] <= b]
        crossing = any(s[0] < t[0] <= s[1] < t[1] for s in inside for t in inside)
        if not crossing:
            heights, labels, _ = branch(a, b, inside)
            yield a, b - a + 1, heights, labels, [spans.get((i, i), 0) for i in range(a, b + 1)]
