"""Which code a score depends on, as one digest: when it changes, the score is stale.

What counts is the method's file, the arena's experiment with the hooks it opens, of stage and kit the definitions
these use, directly or through others, and the options of the run's own setting and scale. What does not count:
comments, docstrings, layout and the types of arguments, results and variables; the words about a method or an arena
(card, titles, metrics, sources); which settings and scales there are beside the run's own; where a definition stands
and what its module is called; data set fetching, since archives are pinned by hash where they are used, and one's own
data by theirs; and definitions nobody here uses.
"""

from __future__ import annotations

import ast
import hashlib
import io
import json
import re
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import methods.arenas
from methods.kit.engine import own_data
from methods.kit.method import Method
from methods.kit.stage.arena import Arena

KIT = Path(__file__).resolve().parents[1]
ENGINE = "methods.kit.engine"  # finds, fetches, checks and runs: computes no score
CARD_WORDS = {"card"}
ARENA_WORDS = {"title", "metrics", "settings", "scales", "sources", "baseline", "checks"}
WHOLE = "*"
NAMELESS = ""  # what a module does when it is imported, beside defining names

Definition = tuple[str, str]  # dotted module, name in it


def code_digest(method: type[Method], arena: type[Arena]) -> str:
    """Digest of the code that produces this method's scores, whatever the setting and the scale."""
    file, stage = method.__module__, arena.__module__
    reached = closure({(file, WHOLE), (stage, arena.__name__)})
    pieces = {(name, _module(module).essence(name)) for module, name in reached}
    pieces |= {("import", f"{local}={dotted}") for module, name in reached
               for local, dotted in _module(module).foreign(name)}
    return hashlib.sha256("".join(f"{name}\0{essence}\0" for name, essence in sorted(pieces)).encode()).hexdigest()


def options_digest(arena: type[Arena], setting: str, scale: str) -> str:
    """Digest of what a setting fixes at a scale, and of data of one's own there. Raises TypeError for an option that is
    not plain data."""
    options = vars(arena().trial(setting=setting, scale=scale).options)
    told = json.dumps(_plain(options), sort_keys=True) + own_data.fingerprint(arena.sources, scale)
    return hashlib.sha256(told.encode()).hexdigest()


def run_digest(code: str, options: str) -> str:
    """What a run is told by: its code and its options together."""
    return hashlib.sha256(f"{code}\0{options}".encode()).hexdigest()


def options_digests(arena: type[Arena]) -> dict[str, str]:
    """The digest of the options of each "setting/scale"."""
    return {f"{setting.name}/{scale}": options_digest(arena, setting.name, scale)
            for setting in arena.settings for scale in arena.scales}


def run_digests(method: type[Method], arena: type[Arena]) -> dict[str, str]:
    """The digest of a run of this method by "setting/scale"."""
    code = code_digest(method, arena)
    return {name: run_digest(code, options) for name, options in options_digests(arena).items()}


def closure(wanted: set[Definition]) -> set[Definition]:
    """All definitions of the library that the wanted ones use, directly or through others, and themselves."""
    wanted, reached = set(wanted), set()
    while wanted:
        module, name = wanted.pop()
        if (module, name) in reached or module.startswith(ENGINE) or not _file(module):
            continue
        if name == WHOLE:
            wanted |= {(module, bound) for bound in _module(module).statements}
            continue
        home = _module(module)
        if name in home.imports:  # passed on from another module
            wanted.add(home.imports[name])
        elif name in home.statements:
            reached.add((module, name))
            wanted |= home.uses(name) | {(module, NAMELESS)}
    return reached


def uses(definition: Definition) -> frozenset[Definition]:
    """What of the library a definition refers to directly."""
    module, name = definition
    return _module(module).uses(name)


def is_arena(module: str, name: str) -> bool:
    """Whether that definition is an arena: a class with a slot."""
    return bool(_file(module)) and any(map(_has_slot, _module(module).statements.get(name, [])))


def forget() -> None:
    """Read every file anew from now on."""
    for cached in (_module, _file):
        cached.cache_clear()


def read_ahead(dotted: str) -> None:
    """Work out now what digests will ask of a module; asking for them later is then cheap."""
    module = _module(dotted)
    for name in module.statements:
        module.uses(name)


@dataclass(frozen=True)
class _Facts:
    essence: str
    uses: frozenset[Definition]
    foreign: frozenset[tuple[str, str]]


class _Module:
    """A module's top-level statements by the names they bind, and what it imports."""

    def __init__(self, dotted: str, file: Path):
        self.dotted, self.text = dotted, file.read_text()
        self._lines = self.text.splitlines(keepends=True)
        tree = ast.parse(self.text)
        self.imports: dict[str, Definition] = {}      # local name -> of the library
        self.outside: dict[str, str] = {}             # local name -> of other packages
        for node in _statements(tree):
            self._read_import(node)
        self.statements: dict[str, list[ast.stmt]] = {}
        for statement in tree.body:
            for name in _bound(statement) or ([NAMELESS] if _computes(statement) else []):
                self.statements.setdefault(name, []).append(statement)
        self._known: dict[str, _Facts] = {}

    def essence(self, name: str) -> str:
        return self._facts(name).essence

    def uses(self, name: str) -> frozenset[Definition]:
        """What the definition of `name` refers to in the library."""
        return self._facts(name).uses

    def foreign(self, name: str) -> frozenset[tuple[str, str]]:
        """What it refers to elsewhere, as (local name, what it stands for)."""
        return self._facts(name).foreign

    def _facts(self, name: str) -> _Facts:
        if name not in self._known:
            uses: set[Definition] = set()
            foreign: set[tuple[str, str]] = set()
            text = []
            for statement in self.statements.get(name, []):
                words = _words(statement)
                text.append(essence(self._source(statement, words)))
                for node in _references(statement, words):
                    self._resolve(node, uses, foreign)
            self._known[name] = _Facts("".join(text), frozenset(uses), frozenset(foreign))
        return self._known[name]

    def _resolve(self, node: ast.Name | ast.Attribute, uses: set[Definition], foreign: set[tuple[str, str]]) -> None:
        name_node = node.value if isinstance(node, ast.Attribute) else node
        local = name_node.id if isinstance(name_node, ast.Name) else ""
        if local in self.statements and not isinstance(node, ast.Attribute):
            uses.add((self.dotted, local))
        elif local in self.imports:
            module, name = self.imports[local]
            uses.add((module, node.attr) if name == WHOLE and isinstance(node, ast.Attribute) else (module, name))
        elif local in self.statements:
            uses.add((self.dotted, local))
        elif local in self.outside:
            foreign.add((local, self.outside[local]))

    def _read_import(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                local = alias.asname or alias.name.split(".")[0]
                self.outside[local] = alias.name if alias.asname else local
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                local, dotted = alias.asname or alias.name, f"{node.module}.{alias.name}"
                if node.module.split(".")[0] != "methods":
                    self.outside[local] = dotted
                elif _file(dotted):
                    self.imports[local] = (dotted, WHOLE)
                else:
                    self.imports[local] = (node.module, alias.name)

    def _source(self, statement: ast.stmt, words: set[ast.stmt]) -> str:
        first = min([statement.lineno, *(node.lineno for node in getattr(statement, "decorator_list", []))])
        lines = {number: self._lines[number - 1].encode() for number in range(first, _end(statement) + 1)}
        for (line, column), (last, end) in sorted(_annotations(statement, lines), reverse=True):
            lines[line] = lines[line][:column] + lines[last][end:]
            for number in range(line + 1, last + 1):
                lines[number] = b""
        for word in words:
            lines |= {number: b"\n" for number in range(word.lineno, _end(word) + 1)}
        return b"".join(lines.values()).decode()


@cache
def _file(dotted: str) -> Path | None:
    _, *parts = dotted.split(".")
    homes = {"kit": [str(KIT)], "arenas": list(methods.arenas.__path__)}.get(parts[0], []) if parts else []
    paths = (Path(home, *parts[1:]).with_suffix(".py") for home in homes if parts[1:])
    return next((path for path in paths if path.is_file()), None)


@cache
def _module(dotted: str) -> _Module:
    file = _file(dotted)
    if file is None:
        raise FileNotFoundError(f"{dotted} is no file of the library")
    return _Module(dotted, file)


def _bound(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return []
    return [node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]


def _computes(statement: ast.stmt) -> bool:
    """Whether a statement that binds no name may still do something: all but imports and docstrings."""
    words = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    for_types = isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING"
    return not words and not for_types and not isinstance(statement, ast.Import | ast.ImportFrom)


def _words(statement: ast.stmt) -> set[ast.stmt]:
    """The attributes of a class that are words about it: a method's card, an arena's names, and which settings,
    scales and checks it has."""
    if not isinstance(statement, ast.ClassDef):
        return set()
    words = ARENA_WORDS if _has_slot(statement) else CARD_WORDS
    return {part for part, names in _assigned(statement).items() if names <= words}


def _has_slot(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ClassDef) and any("slot" in names for names in _assigned(statement).values())


def _assigned(statement: ast.ClassDef) -> dict[ast.stmt, set[str]]:
    return {part: {ast.unparse(target) for target in (part.targets if isinstance(part, ast.Assign) else [part.target])}
            for part in statement.body if isinstance(part, ast.Assign | ast.AnnAssign)}


Place = tuple[int, int]  # line from 1, column in bytes


def _annotations(statement: ast.stmt, lines: Mapping[int, bytes]) -> Iterator[tuple[Place, Place]]:
    """Where types of arguments, results and variables stand, as (from, to). The fields of a class are kept: what kind
    of hyperparameter or field they are may depend on them."""
    inside = list(_statements(statement))
    fields = {part for node in inside if isinstance(node, ast.ClassDef) for part in node.body}
    for node in inside:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for arg in _arguments(node.args):
                if arg.annotation:
                    yield (arg.lineno, arg.col_offset + len(arg.arg.encode())), _end_place(arg.annotation)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns:
            line, column = node.returns.lineno, node.returns.col_offset
            while (arrow := lines[line].rfind(b"->", 0, column)) < 0:
                line, column = line - 1, len(lines[line - 1])
            yield (line, arrow), _end_place(node.returns)
        elif isinstance(node, ast.AnnAssign) and node not in fields and node.value:
            yield _end_place(node.target), _end_place(node.annotation)


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """The node and all statements below it: a small part of all nodes, since expressions hold none."""
    yield node
    for part in ("body", "orelse", "handlers", "finalbody", "cases"):
        below = getattr(node, part, ())
        for child in below if isinstance(below, list) else ():  # a lambda's body is an expression
            yield from _statements(child)


def _arguments(found: ast.arguments) -> list[ast.arg]:
    return [*found.posonlyargs, *found.args, *found.kwonlyargs,
            *(arg for arg in (found.vararg, found.kwarg) if arg)]


def _end_place(node: ast.expr) -> Place:
    return node.end_lineno or node.lineno, node.end_col_offset or node.col_offset


def _references(node: ast.AST, left_out: set[ast.stmt]) -> Iterator[ast.Name | ast.Attribute]:
    """Names and `name.attribute` expressions under `node`, without annotations, which compute nothing."""
    if node in left_out:
        return
    if isinstance(node, ast.Name) or (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)):
        yield node
        return
    for name, part in ast.iter_fields(node):
        if name not in ("annotation", "returns"):
            for child in part if isinstance(part, list) else [part]:
                if isinstance(child, ast.AST):
                    yield from _references(child, left_out)


def _end(statement: ast.stmt) -> int:
    return statement.end_lineno or statement.lineno


def _plain(value: Any) -> Any:
    """The value as JSON data in which a tuple and a list are the same, and an int and an equal float are not."""
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"an option must be plain data, not {type(value).__name__}: {value!r}")


def essence(text: str) -> str:
    """The tokens of source text without comments, docstrings and blank lines; the same on every Python version."""
    kept: list[str] = []
    tokens = [token for token in tokenize.generate_tokens(io.StringIO(text).readline)
              if token.type not in (tokenize.COMMENT, tokenize.NL, tokenize.ENCODING)]
    edges = (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    dropped, inside = -2, 0  # index of the last docstring; nested f-strings, which are single tokens before Python 3.12
    for i, token in enumerate(tokens):
        alone = (i == 0 or tokens[i - 1].type in edges) and i + 1 < len(tokens) and \
            tokens[i + 1].type in (tokenize.NEWLINE, tokenize.ENDMARKER)
        kind = tokenize.tok_name[token.type]
        inside += (kind == "FSTRING_START") - (kind == "FSTRING_END")
        if token.type == tokenize.STRING and alone:
            dropped = i
        if i - dropped <= 1:  # a docstring and the end of its line
            continue
        piece = {tokenize.INDENT: "{", tokenize.DEDENT: "}", tokenize.NEWLINE: ";"}.get(token.type, token.string)
        if inside or kind == "FSTRING_END" or (kind == "STRING" and re.match(r"[rR]?[fF]", token.string)):
            piece = re.sub(r"\s", "", piece).replace("{{", "{").replace("}}", "}")
        kept.append(piece)
    return "".join(kept)
