"""Mirror the arena and method files into the database, reading only those that changed.

A file that did not change is not imported, so that a start with nothing new needs no torch. One that is broken keeps
the row it had and is named as a `BrokenFile`; the others are mirrored. For commands and workers, never for views.
"""

from __future__ import annotations

import hashlib
import json
import re
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DataError, IntegrityError, transaction

from methods.kit.engine import own_data
from methods.models import Arena, BrokenFile, Method
from methods.selectors import FOLDER
from papers.models import Digest, SearchText
from papers.search_texts import record_search_texts
from papers.services import import_digest

LIBRARY = "The method library"
AUTHORS = "methods/authors"  # who wrote the papers that cards name: a file an arena, by title; facts, no code
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
REFUSALS = DataError, IntegrityError, ValueError, TypeError
MISNAMED = "its name must be snake_case: lower-case letters, digits, single underscores"


@dataclass(frozen=True)
class MirrorReport:
    """How many rows a mirroring touched; `read` counts the method files that had to be imported."""

    arenas: int
    methods: int
    added: int
    changed: int
    gone: int
    read: int
    broken: tuple[BrokenFile, ...] = ()

    def __str__(self) -> str:
        return (f"{self.methods} methods in {self.arenas} arenas, {self.read} read: "
                f"{self.added} added, {self.changed} changed, {self.gone} gone"
                + (f", {len(self.broken)} broken" if self.broken else ""))


@dataclass
class Reading:
    """Fields of rows by slug, and the files that gave none."""

    arenas: dict[str, dict[str, Any]] = field(default_factory=dict)
    methods: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    broken: list[BrokenFile] = field(default_factory=list)


@dataclass(frozen=True)
class _Files:
    """The library on disk by slug, each with a digest of all that its mirrored row is made from."""

    arenas: dict[str, str]
    methods: dict[tuple[str, str], str]
    misnamed: list[Path]


def sync_methods() -> MirrorReport:
    """Make the mirror rows equal the files. Rows of vanished files stay, marked absent, with their runs.

    A broken file changes nothing but the list of `BrokenFile`s and is read again each time until it is mended.
    """
    files = _library_files()
    arenas = {arena.pk: arena.read_from for arena in Arena.objects.filter(present=True).only("pk", "read_from")}
    methods = {(method.arena_id, method.slug): method for method in Method.objects.filter(present=True).only(
        "arena_id", "slug", "title", "read_from", "code_digest")}
    gone = methods.keys() - files.methods.keys()
    lost = {arena for arena, _ in gone}  # whoever names what is gone as a rival must be told
    before = {(file.arena, file.method) for file in BrokenFile.objects.filter(path__startswith=FOLDER)}
    stale_arenas = [slug for slug, key in files.arenas.items() if arenas.get(slug) != key or (slug, "") in before]
    stale_methods = [name for name, key in files.methods.items()
                     if name not in methods or methods[name].read_from != key or name in before or name[0] in lost]
    found = _read(stale_arenas, stale_methods, {name: method.title for name, method in methods.items()})
    with transaction.atomic():
        for (slug,) in _refused(Arena, ("slug",), {(slug,): fields | {"read_from": files.arenas[slug]}
                                                   for slug, fields in found.arenas.items()}, found):
            del found.arenas[slug]
        known = set(Arena.objects.values_list("pk", flat=True))
        found.methods = {name: fields for name, fields in found.methods.items() if name[0] in known}
        for name in _refused(Method, ("arena_id", "slug"), {name: fields | {"read_from": files.methods[name]}
                                                            for name, fields in found.methods.items()}, found):
            del found.methods[name]
        for arena, slug in gone:
            Method.objects.filter(arena_id=arena, slug=slug).update(present=False)
        Arena.objects.filter(pk__in=arenas.keys() - files.arenas.keys()).update(present=False)
        record_search_texts([search_row(Method(arena_id=arena, slug=slug, **fields))
                             for (arena, slug), fields in found.methods.items()])
        found.broken += [_misnamed(path) for path in files.misnamed]
        name_broken(FOLDER, found.broken)
    added = found.methods.keys() - methods.keys()
    changed = [name for name in found.methods.keys() & methods.keys()
               if found.methods[name]["code_digest"] != methods[name].code_digest]
    return MirrorReport(len(files.arenas), len(files.methods), len(added), len(changed), len(gone),
                        len(found.methods), tuple(found.broken))


def name_broken(folder: str, files: list[BrokenFile]) -> None:
    """Have these, and no others, named as the broken files below a folder; one known before keeps its date."""
    BrokenFile.objects.filter(path__startswith=folder).exclude(path__in=[file.path for file in files]).delete()
    BrokenFile.objects.bulk_create(files, update_conflicts=True, unique_fields=["path"], update_fields=[
        "arena", "method", "place", "line", "reason", "sha256"])


def search_row(method: Method) -> tuple[str, str, str, str]:
    """What search sees of a method, as `record_search_texts` takes it."""
    return SearchText.METHOD, method.key, method.title, f"{method.summary}\n\n{method.explanation}"


def library_key() -> str:
    """Tells one state of the mirrored library from another."""
    rows = [*Arena.objects.filter(present=True).order_by("pk").values_list("pk", "read_from"),
            *Method.objects.filter(present=True).order_by("arena_id", "slug").values_list("arena_id", "slug",
                                                                                          "read_from")]
    return hashlib.sha256(json.dumps([rows, paper_authors()]).encode()).hexdigest()


def paper_authors() -> dict[str, list[str]]:
    """The authors of the papers that cards name, by title; of a paper whose authors are not certain, nothing."""
    found: dict[str, list[str]] = {}
    for file in sorted((Path(settings.BASE_DIR) / AUTHORS).glob("*.json")):
        try:
            found |= json.loads(file.read_text("utf-8"))
        except ValueError as error:
            raise ValueError(f"{AUTHORS}/{file.name}: {error}") from error
    return found


def _library_files() -> _Files:
    root = Path(settings.BASE_DIR) / "methods"
    kit = _digest([*sorted((root / "kit").rglob("*.py")), *own_data.manifests()], "")
    arenas, methods, misnamed = {}, {}, []
    for file in sorted((root / "arenas").glob("*/arena.py")):
        if not _fits(Arena, file.parent.name):
            misnamed.append(file)
            continue
        slug = _slug(file.parent.name)
        arenas[slug] = _digest([file, *sorted(file.parent.glob("stage/**/*.py"))], kit)
        for path in file.parent.glob("*.py"):
            if path.name in ("__init__.py", "arena.py"):
                continue
            if _fits(Method, path.stem):
                methods[slug, _slug(path.stem)] = _digest([path], arenas[slug])
            else:
                misnamed.append(path)
    return _Files(arenas, methods, misnamed)


def _fits(model: type[Arena] | type[Method], stem: str) -> bool:
    return bool(NAME.fullmatch(stem)) and len(stem) <= (model._meta.get_field("slug").max_length or 0)


def _digest(files: list[Path], given: str) -> str:
    def with_file(key: str, file: Path) -> str:
        try:
            contents = file.read_bytes()
        except OSError as error:  # reading it in earnest will say so
            contents = str(error).encode()
        return hashlib.sha256(f"{key}\0{file.name}\0".encode(errors="surrogateescape") + contents).hexdigest()
    return reduce(with_file, files, given)


def _slug(stem: str) -> str:
    return stem.replace("_", "-")


def _read(arenas: list[str], methods: list[tuple[str, str]], titles: Mapping[tuple[str, str], str]) -> Reading:
    """The fields of these arenas' and methods' rows, from their files."""
    if not arenas and not methods:
        return Reading()
    try:
        from methods.reading import read  # brings torch
    except Exception as error:  # what all arenas stand on does not import
        return Reading(broken=[_without_kit(error, slug) for slug in sorted({*arenas, *(name[0] for name in methods)})])
    return read(arenas, methods, titles)


def _without_kit(error: Exception, arena: str) -> BrokenFile:
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError):
        frames.append((error.filename or "", error.lineno))
    root = Path(settings.BASE_DIR)
    place, line = [(Path(file), line) for file, line in frames if Path(file).is_relative_to(root / FOLDER)][-1]
    told = error.msg if isinstance(error, SyntaxError) else error
    path = f"{FOLDER}arenas/{arena.replace('-', '_')}/arena.py"
    return BrokenFile(path=path, arena=arena, place=place.relative_to(root).as_posix(), line=line or 0,
                      reason=f"{type(error).__name__}: {told} (needed by {path})",
                      sha256=hashlib.sha256(place.read_bytes()).hexdigest())


def _refused(model: Any, keys: tuple[str, ...], rows: Mapping[tuple, dict[str, Any]],
             found: Reading) -> list[tuple]:
    """Write rows by key, and tell which the database refuses (a title too long, a character it cannot hold): a fault
    of the file. What is new goes in at once; where one of it is refused, each by itself."""
    there = set(model.objects.values_list(*keys))
    new = [name for name in rows if name not in there]
    try:
        with transaction.atomic():
            model.objects.bulk_create(model(**dict(zip(keys, name, strict=True)), **rows[name]) for name in new)
        left = [name for name in rows if name in there]
    except REFUSALS:
        left = list(rows)
    return [name for name in left if not _saved(model, dict(zip(keys, name, strict=True)), rows[name], found)]


def _saved(model: type[Arena] | type[Method], key: dict[str, Any], fields: dict[str, Any], found: Reading) -> bool:
    try:
        with transaction.atomic():
            model.objects.update_or_create(**key, defaults=fields)
    except REFUSALS as error:
        from methods.reading import broken_file
        arena, method = (key["slug"], "") if model is Arena else (key["arena_id"], key["slug"])
        found.broken.append(broken_file(error, arena, method))
        return False
    return True


def _misnamed(path: Path) -> BrokenFile:
    """Under its file's name instead of a slug, which a well-named file may have."""
    shown = path.relative_to(settings.BASE_DIR).as_posix().encode(errors="replace").decode()
    of_arena = path.name == "arena.py"
    return BrokenFile(path=shown[:250], place=shown[:250], reason=MISNAMED,
                      arena="" if of_arena else _slug(path.parent.name), method="" if of_arena else path.name[:250])


def import_starter_digest():
    """Import the papers of the method files as a digest of their own, in place of the one imported before."""
    report = import_digest(name=LIBRARY, data=starter_digest())
    Digest.objects.filter(name=LIBRARY).exclude(sha256=report.sha256).delete()
    return report


def starter_digest() -> bytes:
    """The papers the method files name, as JSON lines: title, authors, identifiers, and our own words on the idea."""
    records: dict[str, dict] = {}
    authors = paper_authors()
    for method in Method.objects.filter(present=True).order_by("arena_id", "slug"):
        for paper in method.papers:
            record = records.setdefault(paper["title"], {
                "title": paper["title"], "year": paper["year"], "arxiv_id": paper["arxiv"],
                "authors": authors.get(paper["title"], []), "description": _description(method, paper)})
            record["arxiv_id"] = record["arxiv_id"] or paper["arxiv"]
    return "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records.values()).encode()


def _description(method: Method, paper: dict) -> str:
    """The docstring's plain paragraphs: no formulas, no departure line."""
    paragraphs = [p for p in method.explanation.split("\n\n")[1:] if p.strip() and not p.startswith(" ")]
    prose = [" ".join(p.split()) for p in paragraphs if not p.startswith(("Follows the paper", "Departs from"))]
    covers = [f"Here: {paper['covers'].rstrip('.')}."] if paper["covers"] else []
    idea = method.summary.rstrip(".") + "."
    return "\n\n".join([idea[0].upper() + idea[1:], *covers, *prose])
