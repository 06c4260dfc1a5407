"""The file to start a method of a paper from: title, identifier, the arena proposed, and the hooks left to write.

Made from the mirrored arena's source, so that the web process needs no torch. As it stands it passes the checks that
read a file and fails those that run it, until its author has filled the hooks.
"""

from __future__ import annotations

import ast
import json
import re
import textwrap
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from methods.models import Arena, Method
from methods.selectors import paper_links
from papers.models import Paper

LONGEST_NAME = 40  # characters of a name made of a title
WIDTH = 110
SAYS_NOTHING = frozenset("base common helpers manager misc my new utils v2 arena".split())
SMALL = frozenset("a an and are as at by for from in is of on or the to via with".split())


class NoArena(LookupError):
    """There is no such arena to write a method for; the message says which there are."""


@dataclass(frozen=True)
class Hook:
    """A hook of an arena's slot: its arguments, what it is asked for, and whether it has no default."""

    name: str
    arguments: tuple[str, ...]
    purpose: str
    required: bool


@dataclass(frozen=True)
class Scaffold:
    """A method file that was begun: its arena, its place in the project, and its text."""

    arena: Arena
    path: str
    text: str

    @property
    def file_name(self) -> str:
        return self.path.rpartition("/")[2]


def scaffold(*, paper: Paper, arena: str = "") -> Scaffold:
    """The file to start from, in the arena named or in the one proposed. Raises NoArena."""
    chosen = _arena(arena) if arena else proposed_arena(paper)
    name = _name(paper.title)
    if Method.objects.filter(arena=chosen, title__iexact=_plain(name)).exists():
        name = f"{name}, {paper.year or 'another'}"
    stem = _free_stem(chosen.slug, name, paper)
    folder = chosen.slug.replace("-", "_")
    return Scaffold(chosen, f"methods/arenas/{folder}/{stem}.py", _text(paper, chosen, name, stem))


def proposed_arena(paper: Paper) -> Arena:
    """The arena of the nearest methods, each counted by its cosine; the first there is where none is near yet."""
    weights: dict[str, float] = {}
    for link in paper_links(paper)["nearest"]:
        weights[link.method.arena_id] = weights.get(link.method.arena_id, 0.0) + (link.score or 0.0)
    return _arena(max(weights, key=lambda slug: weights[slug]) if weights else "")


def _arena(slug: str) -> Arena:
    arenas = Arena.objects.filter(present=True)
    found = arenas.filter(slug=slug).first() if slug else arenas.first()
    if found is None:
        there = ", ".join(arenas.values_list("slug", flat=True)) or "none"
        raise NoArena(f"there is no arena {slug[:60]}; there are {there}")
    return found


def hooks(arena: Arena) -> tuple[str, list[Hook]]:
    """The slot's class and its hooks, as the arena's file declares them."""
    try:
        tree = ast.parse(arena.source_code)
    except SyntaxError as error:
        raise NoArena(f"the file of the arena {arena.slug} is no Python: {error.msg}") from None
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    named = [statement.value.id for node in classes.values() for statement in node.body
             if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Name)
             and any(isinstance(target, ast.Name) and target.id == "slot" for target in statement.targets)]
    slot = classes.get(named[0]) if named else None
    if slot is None:
        raise NoArena(f"the file of the arena {arena.slug} declares no slot")
    found = []
    for node in slot.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and not node.decorator_list:
            required = any(isinstance(part, ast.Name) and part.id == "NotImplementedError" for part in ast.walk(node))
            purpose = (ast.get_docstring(node) or "").split("\n\n")[0]
            found.append(Hook(node.name, tuple(argument.arg for argument in node.args.args),
                              " ".join(purpose.split()), required))
    return slot.name, found


def _text(paper: Paper, arena: Arena, name: str, stem: str) -> str:
    slot, declared = hooks(arena)
    folder = arena.slug.replace("-", "_")
    class_name = "".join(part.capitalize() for part in stem.split("_"))
    year = f"{paper.year}," if paper.year else f"{timezone.now().year},  # not known here: put it right"
    card_paper = [f"{_literal(paper.title)},", year]
    if paper.arxiv_id:
        card_paper.append(f"arxiv={_literal(paper.arxiv_id)},")
    lines = [
        f'"""{_plain(name)}: say here in one line what the paper proposes.', "",
        *_wrapped(f"To do, until `manage.py check_method methods/arenas/{folder}/{stem}.py` finds nothing more: tell "
                  "the idea in your own words in place of this paragraph; write the hooks below; declare each "
                  "hyperparameter once, as `tau: float = param(1.0, \"what it does\", low=0.0, high=4.0)`; say on the "
                  "card what the paper claims, as `Beats(\"" + arena.baseline + "\", on=\"" +
                  arena.primary_metric["name"] + "\")`; and give a formula, where there is one, with a doctest whose "
                  "number was worked by hand."), "",
        "Departs from the paper: nothing of it is written yet.", '"""', "",
        f"from methods.arenas.{folder}.arena import {slot}", "from methods.kit.method import Card, Paper", "", "",
        f"class {class_name}({slot}):", "    card = Card(",
        f"        title={_literal(_plain(name))},",
        "        papers=(Paper(", *_indented(card_paper), "        ),),",
        '        fidelity="core",  # faithful: the paper\'s own equations run; proxy: only its protocol or metric',
        "        claims=(),", "    )"]
    for hook in declared:
        lines += ["", *_hook(hook)]
    return "\n".join(lines) + "\n"


def _hook(hook: Hook) -> list[str]:
    purpose = _wrapped(hook.purpose or "See the arena's file.", WIDTH - 8)
    signature = f"def {hook.name}({', '.join(hook.arguments)}):"
    if not hook.required:
        return [f"    # {line}" for line in (f"{signature}  has a default", *purpose)]
    return [f"    {signature}", *(f"        # {line}" for line in purpose),
            f'        raise NotImplementedError("{hook.name} is not written yet")']


def _indented(lines: list[str]) -> list[str]:
    """Arguments, each with its comma, one below the other; a long string in pieces that Python joins."""
    found = []
    for line in lines:
        pieces = [line]
        if len(line) > WIDTH - 12:
            words = textwrap.wrap(json.loads(line[:-1]), WIDTH - 20, drop_whitespace=False, break_on_hyphens=False)
            pieces = [_literal(piece) for piece in words]
            pieces[-1] += ","
        found += [f"            {piece}" for piece in pieces]
    return found


def _wrapped(text: str, width: int = WIDTH) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def _literal(text: str) -> str:
    """The text as Python writes it, in double quotes."""
    return json.dumps(text, ensure_ascii=False)


def _plain(text: str) -> str:
    """The text as it may stand in a docstring, a comment and the part of its first line before the colon."""
    return " ".join(text.replace("\\", " ").replace('"', "'").replace(":", " ").split())


def _name(title: str) -> str:
    """What a method is called: what stands before a title's colon when that is short, else its first telling words."""
    head = title.partition(":")[0].strip()
    if ":" in title and len(head) <= LONGEST_NAME and len(head.split()) <= 4 and any(map(str.isalnum, head)):
        return head
    telling = [word for word in re.findall(r"[^\W_][\w-]*", title) if word.lower() not in SMALL]
    name = ""
    for word in telling[:4]:
        if len(f"{name} {word}") > LONGEST_NAME:
            break
        name = f"{name} {word}".strip()
    return name or "Method of the paper"


def _free_stem(arena: str, name: str, paper: Paper) -> str:
    """A file name in snake_case that no method of the arena has."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "_", letters).strip("_")[:LONGEST_NAME].strip("_")
    if not re.match(r"[a-z]", stem) or stem in SAYS_NOTHING:
        stem = f"method_{stem}".rstrip("_")
    taken = {slug.replace("-", "_") for slug in Method.objects.filter(arena=arena).values_list("slug", flat=True)}
    taken |= {file.stem for file in Path(settings.BASE_DIR, "methods", "arenas", arena.replace("-", "_")).glob("*.py")}
    free, number = stem, paper.year or 2
    while free in taken:
        free, number = f"{stem}_{number}", number + 1
    return free
