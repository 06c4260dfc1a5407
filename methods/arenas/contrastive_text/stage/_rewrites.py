"""Functions of the standard library and what becomes of them: rewritten to the same meaning, or to another.

Same meaning: local names are exchanged, a line that does nothing is put in, and laws of logic are used on conditions
(double negation, De Morgan, sides of == exchanged, `if not` with the branches exchanged). Another: one condition is
negated, or an `and` is an `or`.
"""

from __future__ import annotations

import ast
import copy
import io
import tokenize
import warnings
import zlib
from pathlib import Path

import numpy as np

LENGTH, OWN, NAMES = 64, 96, 1000       # tokens read; tokens with a number of their own; buckets of names
MASK, PAD, RESERVED = 0, 1, 2
VOCABULARY = RESERVED + OWN + NAMES
_SIGNS = ("( ) [ ] { } : , . ; + - * / // % ** @ = == != < > <= >= += -= *= /= | & ^ ~ << >> -> := and as assert break "
          "class continue def del elif else except finally for from global if import in is lambda not or pass raise "
          "return try while with yield None True False self NUMBER STRING NEWLINE INDENT DEDENT async "
          "await nonlocal").split()
_PLACE = {sign: RESERVED + i for i, sign in enumerate(_SIGNS)}
TRAIN_NAMES = ("value data item entry record field key node left right first last total count size index start stop "
               "low high part chunk line word text name path target source result answer state mode flag option extra "
               "parent child root leaf step").split()
TEST_NAMES = ("alpha beta gamma delta thing stuff piece object_a object_b foo bar baz qux number amount place where "
              "what which store bucket holder marker token symbol letter figure shape layer level degree rank score "
              "weight height width depth speed").split()


def numbers(tree: ast.AST) -> list[int]:
    """The tokens of code by number: signs and keywords have one of their own, names share NAMES buckets."""
    found = []
    for token in tokenize.generate_tokens(io.StringIO(ast.unparse(tree)).readline):
        kind = tokenize.tok_name[token.type]
        sign = kind if kind in ("NUMBER", "STRING", "NEWLINE", "INDENT", "DEDENT") else token.string
        if kind in ("NAME", "OP", "NUMBER", "STRING", "NEWLINE", "INDENT", "DEDENT"):
            found.append(_PLACE.get(sign) or RESERVED + OWN + zlib.crc32(sign.encode()) % NAMES)
    return found[:LENGTH]


def renamed(tree: ast.FunctionDef, names: list[str], rng: np.random.Generator) -> ast.FunctionDef:
    """Arguments and assigned names exchanged for others."""
    tree = copy.deepcopy(tree)
    local = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)} | {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    local -= {"self", "cls"}
    drawn = rng.permutation(names)
    given = {name: str(drawn[i % len(drawn)]) + ("" if i < len(drawn) else str(i))
             for i, name in enumerate(sorted(local))}
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.arg = given.get(node.arg, node.arg)
        elif isinstance(node, ast.Name):
            node.id = given.get(node.id, node.id)
    tree.name = str(rng.choice(names))
    return tree


def padded(tree: ast.FunctionDef, rng: np.random.Generator) -> ast.FunctionDef:
    """With one line that does nothing."""
    tree = copy.deepcopy(tree)
    line = ast.parse(str(rng.choice(["pass", "None", "if False:\n    pass", "assert True"]))).body[0]
    tree.body.insert(int(rng.integers(0, len(tree.body))), line)
    return tree


class _Laws(ast.NodeTransformer):
    """Uses laws of logic on conditions, each with probability `often`; counts how many."""

    def __init__(self, rng: np.random.Generator, often: float):
        self.rng, self.often, self.used = rng, often, 0

    def visit_If(self, node: ast.If) -> ast.If:
        self.generic_visit(node)
        if self.rng.random() < self.often:
            self.used += 1
            if node.orelse and self.rng.random() < 0.7:                          # the branches change places
                node.test, node.body, node.orelse = _not(node.test), node.orelse, node.body
            else:
                node.test = _not(ast.UnaryOp(ast.Not(), node.test))
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        self.generic_visit(node)
        if self.rng.random() < self.often:
            self.used += 1
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            return ast.UnaryOp(ast.Not(), ast.BoolOp(other, [_not(value) for value in node.values]))
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        if len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq | ast.NotEq) and self.rng.random() < self.often:
            self.used += 1
            return ast.Compare(node.comparators[0], node.ops, [node.left])
        return node


def _not(test: ast.expr) -> ast.expr:
    """A condition negated once; a `not` around it goes."""
    return test.operand if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) and not isinstance(
        test.operand, ast.UnaryOp) else ast.UnaryOp(ast.Not(), test)


def by_law(tree: ast.FunctionDef, rng: np.random.Generator) -> ast.FunctionDef | None:
    """The same meaning by laws of logic; None where there is nothing to use them on."""
    for _ in range(4):
        laws = _Laws(rng, 0.6)
        changed = laws.visit(copy.deepcopy(tree))
        if laws.used:
            return changed
    return None


def broken(tree: ast.FunctionDef, rng: np.random.Generator) -> ast.FunctionDef | None:
    """Another meaning: one condition or comparison the other way round, looking as if by a law."""
    tree = copy.deepcopy(tree)
    places = [node for node in ast.walk(tree) if isinstance(node, ast.If | ast.BoolOp)]
    if not places:
        return None
    node = places[int(rng.integers(0, len(places)))]
    if isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    else:
        node.test = ast.UnaryOp(ast.Not(), node.test)
    return tree


def functions(files: list[Path]) -> list[ast.FunctionDef]:
    """Functions with a condition and 25 to 90 tokens, without what they say of themselves."""
    found, seen = [], set()
    for path in files:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SyntaxWarning)
                parsed = ast.parse(path.read_bytes())
        except SyntaxError:
            continue
        for node in ast.walk(parsed):
            if isinstance(node, ast.FunctionDef) and any(isinstance(part, ast.If | ast.BoolOp)
                                                         for part in ast.walk(node)):
                if ast.get_docstring(node) is not None:
                    node.body = node.body[1:] or [ast.Pass()]
                node.decorator_list = []
                text = ast.unparse(node)
                if 25 <= len(text.split()) <= 60 and text not in seen:
                    seen.add(text)
                    found.append(node)
    return found
