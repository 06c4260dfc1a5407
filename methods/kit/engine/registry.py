"""Discovery: the folders under `methods/arenas` are the registry. Nothing is listed twice.

Importing is strict: a module that does not import, a class that does not match its file or a
duplicate stops discovery with the file's name.
"""

from __future__ import annotations

import importlib
import inspect
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from methods.kit.method import Method
from methods.kit.stage.arena import Arena

ROOT = Path(__file__).resolve().parents[3]
ARENAS = ROOT / "methods" / "arenas"


class DiscoveryError(Exception):
    """A file under methods/arenas breaks the layout; the message names it."""


@dataclass(frozen=True)
class Entry:
    """One arena and its contestants by slug."""

    arena: type[Arena]
    methods: dict[str, type[Method]]


def arena_slugs() -> list[str]:
    return sorted(p.parent.name.replace("_", "-") for p in ARENAS.glob("*/arena.py"))


def method_files(arena: str) -> list[Path]:
    folder = ARENAS / arena.replace("-", "_")
    return sorted(p for p in folder.glob("*.py") if p.name not in ("__init__.py", "arena.py"))


def class_name(file_stem: str) -> str:
    """focal_loss -> FocalLoss"""
    return "".join(part[:1].upper() + part[1:] for part in file_stem.split("_"))


def load_arena(slug: str) -> type[Arena]:
    """The arena's class. Raises KeyError for an unknown slug, DiscoveryError for a broken file."""
    if slug not in arena_slugs():
        raise KeyError(f"no arena {slug}; there are {', '.join(arena_slugs())}")
    module = _import(f"methods.arenas.{slug.replace('-', '_')}.arena")
    found = [c for _, c in inspect.getmembers(module, inspect.isclass)
             if issubclass(c, Arena) and c.__module__ == module.__name__]
    if len(found) != 1:
        raise DiscoveryError(f"{module.__file__}: needs exactly one Arena subclass, has {len(found)}")
    return found[0]


def load_method(arena: str, slug: str) -> type[Method]:
    """The method's class. Raises KeyError for an unknown slug, DiscoveryError for a broken file."""
    stem = slug.replace("-", "_")
    if stem not in [p.stem for p in method_files(arena)]:
        raise KeyError(f"no method {slug} in {arena}")
    module = _import(f"methods.arenas.{arena.replace('-', '_')}.{stem}")
    slot = load_arena(arena).slot
    cls = getattr(module, class_name(stem), None)
    if not (inspect.isclass(cls) and issubclass(cls, slot) and cls.__module__ == module.__name__):
        raise DiscoveryError(f"{module.__file__}: needs a class {class_name(stem)}({slot.__name__})")
    if "card" not in cls.__dict__:
        raise DiscoveryError(f"{module.__file__}: {cls.__name__} has no card")
    return cls


@cache
def discover() -> dict[str, Entry]:
    """Every arena and method by slug."""
    return {slug: Entry(load_arena(slug), {p.stem.replace("_", "-"): load_method(slug, p.stem.replace("_", "-"))
                                           for p in method_files(slug)})
            for slug in arena_slugs()}


def _import(name: str):
    try:
        return importlib.import_module(name)
    except DiscoveryError:
        raise
    except Exception as error:
        raise DiscoveryError(f"{name.replace('.', '/')}.py does not import: "
                             f"{type(error).__name__}: {error}") from error
