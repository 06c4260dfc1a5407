"""Mirror the arena and method files into the database. Imports torch: for commands and workers, never for views."""

from __future__ import annotations

import inspect
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from django.db import transaction

from methods.kit.engine.registry import ROOT, code_digest, discover
from methods.kit.method import Method as MethodFile
from methods.kit.stage.arena import Arena as ArenaFile
from methods.models import Arena, Method
from papers.models import Digest
from papers.services import import_digest, record_search_texts

LIBRARY = "The method library"


@dataclass(frozen=True)
class MirrorReport:
    """How many rows a mirroring touched."""

    arenas: int
    methods: int
    added: int
    changed: int
    gone: int

    def __str__(self):
        return (f"{self.methods} methods in {self.arenas} arenas: "
                f"{self.added} added, {self.changed} changed, {self.gone} gone")


@transaction.atomic
def sync_methods() -> MirrorReport:
    """Make the mirror rows equal the files. Rows of vanished files stay, marked absent, with their runs."""
    found = discover()
    before = {(m.arena_id, m.slug): m.code_digest for m in Method.objects.filter(present=True)}
    added = changed = 0
    for slug, entry in found.items():
        arena, _ = Arena.objects.update_or_create(slug=slug, defaults=_arena_fields(entry.arena))
        for method_slug, cls in entry.methods.items():
            fields = _method_fields(cls, entry.arena)
            Method.objects.update_or_create(arena=arena, slug=method_slug, defaults=fields)
            known = before.pop((slug, method_slug), None)
            added += known is None
            changed += known not in (None, fields["code_digest"])
    for arena_slug, method_slug in before:
        Method.objects.filter(arena_id=arena_slug, slug=method_slug).update(present=False)
    Arena.objects.exclude(slug__in=found).update(present=False)
    record_search_texts([("method", m.key, m.title, f"{m.summary}\n\n{m.explanation}")
                         for m in Method.objects.filter(present=True)])
    return MirrorReport(len(found), sum(len(e.methods) for e in found.values()), added, changed, len(before))


@transaction.atomic
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


def _arena_fields(arena: type[ArenaFile]) -> dict:
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


def _method_fields(cls: type[MethodFile], arena: type[ArenaFile]) -> dict:
    card, prose = cls.card, cls.prose()
    first, last = prose.split("\n\n")[0].replace("\n", " "), prose.split("\n\n")[-1].replace("\n", " ")
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
        "source_path": path.relative_to(ROOT).as_posix(),
        "source_code": path.read_text(),
        "code_digest": code_digest(cls),
        "present": True,
    }


def _claim_fields(claim, arena: type[ArenaFile]) -> dict:
    metric = arena.metric(claim.on)
    return {"kind": type(claim).__name__, "sentence": claim.sentence(metric.title.lower()), "rival": claim.rival,
            "metric": claim.on, "setting": claim.setting, "margin": claim.margin, "cost": claim.cost,
            "terms": [asdict(term) for term in claim.terms(metric.sign)]}
