"""Mirror the arena and method files into the database, reading only those that changed.

A file that did not change is not imported, so that a start with nothing new needs no torch. For commands and workers,
never for views.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from dataclasses import asdict, dataclass
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from methods.models import Arena, Method
from papers.models import Digest
from papers.search_texts import record_search_texts
from papers.services import import_digest

if TYPE_CHECKING:  # reading a file brings torch
    from methods.kit.method import Claim
    from methods.kit.method import Method as MethodFile
    from methods.kit.stage.arena import Arena as ArenaFile

LIBRARY = "The method library"


@dataclass(frozen=True)
class MirrorReport:
    """How many rows a mirroring touched; `read` counts the method files that had to be imported."""

    arenas: int
    methods: int
    added: int
    changed: int
    gone: int
    read: int

    def __str__(self) -> str:
        return (f"{self.methods} methods in {self.arenas} arenas, {self.read} read: "
                f"{self.added} added, {self.changed} changed, {self.gone} gone")


@dataclass(frozen=True)
class _Files:
    """The library on disk by slug, each with a digest of all that its mirrored row is made from."""

    arenas: dict[str, str]
    methods: dict[tuple[str, str], str]


def sync_methods() -> MirrorReport:
    """Make the mirror rows equal the files. Rows of vanished files stay, marked absent, with their runs.

    Raises DiscoveryError naming a file that cannot be read; nothing is changed then.
    """
    files = _library_files()
    arenas = {arena.pk: arena.read_from for arena in Arena.objects.filter(present=True).only("pk", "read_from")}
    methods = {(method.arena_id, method.slug): method for method in Method.objects.filter(present=True).only(
        "arena_id", "slug", "read_from", "code_digest")}
    stale_arenas = [slug for slug, key in files.arenas.items() if arenas.get(slug) != key]
    stale_methods = [name for name, key in files.methods.items()
                     if name not in methods or methods[name].read_from != key]
    arena_rows, method_rows = _read(stale_arenas, stale_methods, files)
    gone = methods.keys() - files.methods.keys()
    with transaction.atomic():
        for slug, fields in arena_rows.items():
            Arena.objects.update_or_create(slug=slug, defaults=fields)
        for (arena, slug), fields in method_rows.items():
            Method.objects.update_or_create(arena_id=arena, slug=slug, defaults=fields)
        for arena, slug in gone:
            Method.objects.filter(arena_id=arena, slug=slug).update(present=False)
        Arena.objects.filter(pk__in=arenas.keys() - files.arenas.keys()).update(present=False)
        record_search_texts([
            ("method", f"{arena}/{slug}", fields["title"], f"{fields['summary']}\n\n{fields['explanation']}")
            for (arena, slug), fields in method_rows.items()])
    added = method_rows.keys() - methods.keys()
    changed = [name for name in method_rows.keys() & methods.keys()
               if method_rows[name]["code_digest"] != methods[name].code_digest]
    return MirrorReport(len(files.arenas), len(files.methods), len(added), len(changed), len(gone), len(method_rows))


def library_key() -> str:
    """Tells one state of the mirrored library from another."""
    rows = [*Arena.objects.filter(present=True).order_by("pk").values_list("pk", "read_from"),
            *Method.objects.filter(present=True).order_by("arena_id", "slug").values_list("arena_id", "slug",
                                                                                          "read_from")]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def _library_files() -> _Files:
    root = Path(settings.BASE_DIR) / "methods"
    kit = _digest(sorted((root / "kit").rglob("*.py")), "")
    arenas, methods = {}, {}
    for file in sorted((root / "arenas").glob("*/arena.py")):
        slug = _slug(file.parent.name)
        arenas[slug] = _digest([file, *sorted(file.parent.glob("stage/**/*.py"))], kit)
        for path in file.parent.glob("*.py"):
            if path.name not in ("__init__.py", "arena.py"):
                methods[slug, _slug(path.stem)] = _digest([path], arenas[slug])
    return _Files(arenas, methods)


def _digest(files: list[Path], given: str) -> str:
    def with_file(key: str, file: Path) -> str:
        return hashlib.sha256(f"{key}\0{file.name}\0".encode() + file.read_bytes()).hexdigest()
    return reduce(with_file, files, given)


def _slug(stem: str) -> str:
    return stem.replace("_", "-")


def _read(arenas: list[str], methods: list[tuple[str, str]], files: _Files
          ) -> tuple[dict[str, dict[str, Any]], dict[tuple[str, str], dict[str, Any]]]:
    """The fields of these arenas' and methods' rows, from their files."""
    if not arenas and not methods:
        return {}, {}
    from methods.kit.engine.registry import load_arena, load_method

    arena_rows = {slug: _arena_fields(load_arena(slug)) | {"read_from": files.arenas[slug]} for slug in arenas}
    method_rows = {(arena, slug): _method_fields(load_method(arena, slug), load_arena(arena))
                   | {"read_from": files.methods[arena, slug]} for arena, slug in methods}
    return arena_rows, method_rows


def import_starter_digest():
    """Import the papers of the method files as a digest of their own, in place of the one imported before."""
    report = import_digest(name=LIBRARY, data=starter_digest())
    Digest.objects.filter(name=LIBRARY).exclude(sha256=report.sha256).delete()
    return report


def starter_digest() -> bytes:
    """The papers the method files name, as JSON lines: title, identifiers, and our own words on the idea."""
    records: dict[str, dict] = {}
    for method in Method.objects.filter(present=True).order_by("arena_id", "slug"):
        for paper in method.papers:
            record = records.setdefault(paper["title"], {
                "title": paper["title"], "year": paper["year"], "arxiv_id": paper["arxiv"],
                "description": _description(method, paper)})
            record["arxiv_id"] = record["arxiv_id"] or paper["arxiv"]
    return "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records.values()).encode()


def _description(method: Method, paper: dict) -> str:
    """The docstring's plain paragraphs: no formulas, no departure line."""
    paragraphs = [p for p in method.explanation.split("\n\n")[1:] if p.strip() and not p.startswith(" ")]
    prose = [" ".join(p.split()) for p in paragraphs if not p.startswith(("Follows the paper", "Departs from"))]
    covers = [f"Here: {paper['covers'].rstrip('.')}."] if paper["covers"] else []
    idea = method.summary.rstrip(".") + "."
    return "\n\n".join([idea[0].upper() + idea[1:], *covers, *prose])


def _arena_fields(arena: type[ArenaFile]) -> dict[str, Any]:
    text = inspect.getdoc(inspect.getmodule(arena)) or ""
    return {
        "title": arena.title,
        "question": text.split("\n\n")[0].replace("\n", " ").strip(),
        "explanation": text,
        "metrics": [asdict(m) for m in arena.metrics],
        "settings": [{"name": s.name, "title": s.title, "options": dict(s.options)} for s in arena.settings],
        "scales": {name: {"seconds": s.seconds, "memory_mb": s.memory_mb, "options": dict(s.options)}
                   for name, s in arena.scales.items()},
        "sources": [asdict(s) for s in arena.sources],
        "baseline": arena.baseline,
        "source_code": Path(inspect.getfile(arena)).read_text(),
        "present": True,
    }


def _method_fields(cls: type[MethodFile], arena: type[ArenaFile]) -> dict[str, Any]:
    card, prose = cls.card, cls.prose()
    first, last = prose.split("\n\n")[0].replace("\n", " "), prose.split("\n\n")[-1].replace("\n", " ")
    from methods.kit.engine.code_digest import code_digest, run_digests

    path = Path(inspect.getfile(cls))
    return {
        "title": card.title,
        "summary": first.partition(": ")[2] or first,
        "explanation": prose,
        "departure": last.removeprefix("Departs from the paper:").strip() if last.startswith("Departs") else "",
        "fidelity": card.fidelity,
        "year": min((p.year for p in card.papers), default=None),
        "papers": [asdict(p) for p in card.papers],
        "params": [p.describe() for p in cls.params.values()],
        "claims": [_claim_fields(claim, arena) for claim in card.claims],
        "source_path": path.relative_to(settings.BASE_DIR).as_posix(),
        "source_code": path.read_text(),
        "code_digest": code_digest(cls, arena),
        "digests": run_digests(cls, arena),
        "present": True,
    }


def _claim_fields(claim: Claim, arena: type[ArenaFile]) -> dict[str, Any]:
    metric = arena.metric(claim.on)
    return {"kind": type(claim).__name__, "sentence": claim.sentence(metric.title.lower()), "rival": claim.rival,
            "metric": claim.on, "setting": claim.setting, "margin": claim.margin, "cost": claim.cost,
            "terms": [asdict(term) for term in claim.terms(metric.sign)]}
