"""Methods of one arena are independent of one another: none imports a rival, directly or through others."""

from functools import cache
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[2]
ARENAS = sorted(path.parent.name for path in (ROOT / "methods/arenas").glob("*/arena.py"))
LIBRARY = "methods.arenas"


@cache
def graph():
    return grimp.build_graph("methods", cache_dir=None)


def rivals_imported(imports: grimp.ImportGraph, arena: str) -> list[str]:
    """Chains of imports by which a method of the arena reaches another, as text. What an arena imports is its own."""
    package = f"{LIBRARY}.{arena}"
    shared = {f"{package}.arena", *(m for m in imports.find_children(package) if imports.find_children(m))}
    methods = sorted(imports.find_children(package) - shared)
    return [" > ".join(chain) for method in methods for rival in sorted(imports.find_downstream_modules(method))
            if rival in methods and (chain := imports.find_shortest_chain(importer=rival, imported=method))]


@pytest.mark.parametrize("arena", ARENAS)
def test_no_method_imports_a_rival(arena):
    assert rivals_imported(graph(), arena) == []


def test_an_import_of_a_rival_is_found():
    imports = grimp.ImportGraph()
    for name in ("arena", "first", "second", "stage", "stage.nets"):
        imports.add_module(f"{LIBRARY}.toy.{name}")
    imports.add_module(f"{LIBRARY}.toy")
    imports.add_import(importer=f"{LIBRARY}.toy.first", imported=f"{LIBRARY}.toy.arena")
    imports.add_import(importer=f"{LIBRARY}.toy.first", imported=f"{LIBRARY}.toy.stage")
    assert rivals_imported(imports, "toy") == []
    imports.add_import(importer=f"{LIBRARY}.toy.first", imported=f"{LIBRARY}.toy.stage.nets")
    imports.add_import(importer=f"{LIBRARY}.toy.stage.nets", imported=f"{LIBRARY}.toy.second")
    assert rivals_imported(imports, "toy") == [
        f"{LIBRARY}.toy.first > {LIBRARY}.toy.stage.nets > {LIBRARY}.toy.second"]
