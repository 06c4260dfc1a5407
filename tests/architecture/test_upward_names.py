"""No app reaches up through Django: it names no relation that a model of an app above it has to one of its own.

import-linter sees imports; a reverse accessor (`paper.links`) or a lookup (`links__state`) is an import it cannot see.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.apps import apps

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ("papers", "methods", "evaluations", "workers")  # from the ground up
LOOKUPS = ("filter", "exclude", "get", "aggregate", "Q")
HELD = ("papers", "methods")  # the others have none above them that owns models


def reverse_names(app: str) -> set[str]:
    """How models of higher apps hang on this app's models: accessors and query names."""
    above = LAYERS[LAYERS.index(app) + 1:]
    names = set()
    for model in apps.get_app_config(app).get_models():
        for relation in model._meta.related_objects:
            if relation.related_model._meta.app_label in above:
                names |= {relation.get_accessor_name(), relation.name}
    return names - {None}


def named(source: str, names: set[str]) -> list[str]:
    """Where the names stand as an attribute, in a lookup written as a keyword or string, or among its arguments."""
    places = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            words = [node.attr]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "__" in node.value:
            words = node.value.lstrip("-").split("__")
        elif isinstance(node, ast.Call):
            words = [argument.value for argument in node.args
                     if isinstance(argument, ast.Constant) and isinstance(argument.value, str)]
            lookup = getattr(node.func, "attr", getattr(node.func, "id", "")) in LOOKUPS
            words += [word for keyword in node.keywords if keyword.arg and (lookup or "__" in keyword.arg)
                      for word in keyword.arg.split("__")]
        else:
            continue
        places += [f"{node.lineno}: {word}" for word in words if word in names]
    return places


@pytest.mark.parametrize("app", HELD)
def test_no_reverse_name_of_a_higher_app(app):
    names = reverse_names(app)
    assert names, "nothing hangs on this app, so nothing is tested"
    told = [f"{path.relative_to(ROOT)}:{place}" for path in sorted((ROOT / app).rglob("*.py"))
            if not {"arenas", "digests", "kit", "migrations"} & set(path.relative_to(ROOT).parts)
            for place in named(path.read_text(), names)]
    assert told == []


@pytest.mark.parametrize(("source", "places"), [
    ("paper.links.all()", ["1: links"]),
    ("Paper.objects.filter(links__state='x')", ["1: links"]),
    ("Paper.objects.values('method__links__kind')", ["1: links"]),
    ("Paper._meta.get_field('links')", ["1: links"]),
    ("Paper.objects.prefetch_related('links')", ["1: links"]),
    ("links = {'links': 1}", []),
    ("Paper.objects.filter(links=3)", ["1: links"]),
    ("Row(links=3)", []),
])
def test_it_sees_every_way_of_naming_one(source, places):
    assert named(source, {"links"}) == places


def test_the_names_are_found():
    assert {"links", "reported_claims"} <= reverse_names("papers")
    assert {"runs", "claim_rows"} <= reverse_names("methods")
