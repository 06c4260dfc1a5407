"""Read arena and method files for the mirror: what their rows hold, and which files are broken and why.

A broken file never keeps another from being read. Reading brings torch.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings

from methods.kit.engine import registry
from methods.kit.engine import text_checks as text
from methods.kit.engine.code_digest import code_digest, options_digests, run_digest
from methods.kit.engine.registry import DiscoveryError
from methods.kit.engine.requirements import CheckFailed
from methods.kit.method import Claim
from methods.kit.method import Method as MethodFile
from methods.kit.stage.arena import Arena as ArenaFile
from methods.mirror import Reading
from methods.models import BrokenFile

READ_SECONDS = 300.0  # how long one file may take to read: the first brings its libraries from the disk


def read(arenas: list[str], methods: list[tuple[str, str]], titles: Mapping[tuple[str, str], str]) -> Reading:
    """Read these files. Of the methods of an arena that is broken none is read, and none is called broken for it.

    `titles` are those of all methods in the mirror: of two methods with one title the one that had it before keeps it.
    """
    found = Reading()
    shut = set()
    options: dict[str, dict[str, str]] = {}
    for slug in arenas:
        try:
            with _limited():
                fields = _arena_fields(registry.load_arena(slug))
            _refuse_unstorable(registry.path_of(slug), fields)
            found.arenas[slug] = fields
        except (Exception, SystemExit) as error:
            shut.add(slug)
            found.broken.append(broken_file(error, slug))
    asked = set(methods)
    taken = {(name[0], text.told_title(title)): name[1] for name, title in titles.items() if name not in asked}
    for arena, slug in sorted(methods, key=lambda name: (name not in titles, name)):
        if arena in shut:
            continue
        try:
            with _limited():
                cls, stage = registry.load_method(arena, slug), registry.load_arena(arena)
                if arena not in options:
                    options[arena] = options_digests(stage)
                fields = _method_fields(cls, stage, options[arena])
            _refuse_unstorable(registry.path_of(arena, slug), fields)
            _refuse_taken(arena, slug, fields["title"], taken)
            found.methods[arena, slug] = fields
        except (Exception, SystemExit) as error:
            found.broken.append(broken_file(error, arena, slug))
    return found


def broken_file(error: BaseException, arena: str, method: str = "") -> BrokenFile:
    """The row that says why a method's file, or the arena's, is broken."""
    path = registry.path_of(arena, method or "arena")
    fault = registry.broken(error, path)
    try:
        contents = fault.file.read_bytes()
    except OSError:
        contents = b""
    return BrokenFile(path=registry.named(path), arena=arena, method=method, place=registry.named(fault.file),
                      line=fault.line, reason=fault.reason, sha256=hashlib.sha256(contents).hexdigest())


def _refuse_unstorable(path: Path, fields: Mapping[str, Any]) -> None:
    """Every field must be plain data with numbers and characters that a database can hold."""
    for name, value in fields.items():
        try:
            stored = json.dumps(value, ensure_ascii=False, allow_nan=False)
            stored.encode()
            if "\\u0000" in stored:
                raise ValueError("it has a null character")
        except (TypeError, ValueError) as error:
            line = registry.line_of(path, r"card\b") if name in ("title", "papers", "claims") else 0
            raise DiscoveryError(path, f"{name} cannot be stored: {error}", line) from error


def _refuse_taken(arena: str, slug: str, title: str, taken: dict[tuple[str, str], str]) -> None:
    other = taken.setdefault((arena, text.told_title(title)), slug)
    if other != slug:
        path = registry.path_of(arena, slug)
        raise DiscoveryError(path, f"has the title of {registry.path_of(arena, other).name}: {title}",
                             registry.line_of(path, r"card\b"))


@contextmanager
def _limited() -> Iterator[None]:
    """Ends what takes longer than READ_SECONDS, as far as Python code can be ended; raises TimeoutError in it."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals reach the main thread alone
        return

    def give_up(*_: object) -> None:
        raise TimeoutError(f"reading it took longer than {READ_SECONDS:g} s")
    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, READ_SECONDS, 1.0)  # again, should the code have caught it
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _arena_fields(arena: type[ArenaFile]) -> dict[str, Any]:
    path = Path(inspect.getfile(arena))
    words = inspect.getdoc(inspect.getmodule(arena)) or ""
    for attribute, check in (("metrics", text.arena_metrics), ("settings", text.arena_settings)):
        try:
            check(arena)
        except CheckFailed as error:
            raise DiscoveryError(path, str(error), registry.line_of(path, rf"{attribute}\b")) from error
    return {
        "title": arena.title,
        "question": words.split("\n\n")[0].replace("\n", " ").strip(),
        "explanation": words,
        "metrics": [asdict(m) for m in arena.metrics],
        "settings": [{"name": s.name, "title": s.title, "options": dict(s.options)} for s in arena.settings],
        "scales": {name: {"seconds": s.seconds, "memory_mb": s.memory_mb, "options": dict(s.options)}
                   for name, s in arena.scales.items()},
        "sources": [asdict(s) for s in arena.sources],
        "baseline": arena.baseline,
        "source_code": path.read_text(),
        "present": True,
    }


def _method_fields(cls: type[MethodFile], arena: type[ArenaFile], options: Mapping[str, str]) -> dict[str, Any]:
    path = Path(inspect.getfile(cls))
    try:
        text.card(cls)
        text.claims(cls, arena, text.rivals_of(arena.slug()))
    except CheckFailed as error:
        raise DiscoveryError(path, str(error), registry.line_of(path, r"card\b")) from error
    card, prose, code = cls.card, cls.prose(), code_digest(cls, arena)
    first, last = prose.split("\n\n")[0].replace("\n", " "), prose.split("\n\n")[-1].replace("\n", " ")
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
        "needs_scale": list(card.needs_scale),
        "source_path": path.relative_to(settings.BASE_DIR).as_posix(),
        "source_code": path.read_text(),
        "code_digest": code,
        "digests": {name: run_digest(code, digest) for name, digest in options.items()},
        "present": True,
    }


def _claim_fields(claim: Claim, arena: type[ArenaFile]) -> dict[str, Any]:
    metric = arena.metric(claim.on)
    return {"kind": type(claim).__name__, "sentence": claim.sentence(metric.title.lower()), "rival": claim.rival,
            "metric": claim.on, "setting": claim.setting, "margin": claim.margin, "cost": claim.cost,
            "terms": [asdict(term) for term in claim.terms(metric.sign)]}
