"""Every view that answers htmx with a part of its page, and every check of a permission, goes through papers/web.py."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django_htmx.middleware import HtmxDetails

from papers.web import wants_fragment
from tests.evaluations.simulated_runs import make_arena, make_method

ROOT = Path(__file__).resolve().parents[2]
APPS = ("papers", "methods", "evaluations", "workers", "config")
ONE_PLACE = ROOT / "papers" / "web.py"
RIVALS = ROOT / "methods" / "arenas"  # no views there
WHO_CALLS = ROOT / "config" / "accounts" / "auth.py"  # refuses a token that nobody has

SHOWN = re.compile(r'"Seen": "(\w+)"')  # what a page says its polls show
PAGE, FRAGMENT, RESTORED = {}, {"HX-Request": "true"}, {"HX-Request": "true", "HX-History-Restore-Request": "true"}


def by_hand(source: str) -> list[str]:
    """What in a module decides for itself what `papers.web` decides for all: line and words."""
    told = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr == "htmx":
            told.append(f"{node.lineno}: .htmx")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.lower() == "hx-request":
            told.append(f"{node.lineno}: {node.value}")
        elif isinstance(node, ast.alias) and node.name == "permission_required":
            told.append(f"{node.lineno}: {node.name}")
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "HttpError" and node.args \
                and getattr(node.args[0], "value", None) in (401, 403):
            told.append(f"{node.lineno}: HttpError {ast.unparse(node.args[0])}")
    return told


def fragment_views() -> dict[str, str]:
    """The name and module of every address whose view has a page and a fragment."""
    def patterns(resolver: URLResolver) -> Iterator[URLPattern]:
        for entry in resolver.url_patterns:
            yield from patterns(entry) if isinstance(entry, URLResolver) else [entry]

    views = {}
    for pattern in patterns(get_resolver()):
        view = inspect.unwrap(pattern.callback)
        if pattern.name and inspect.isfunction(view) and "page_or_fragment(" in inspect.getsource(view):
            views[pattern.name] = view.__module__
    return views


def pages_of(apps) -> list[str]:
    return sorted(name for name, module in fragment_views().items() if module.split(".")[0] in apps)


@pytest.mark.parametrize("app", APPS)
def test_no_view_decides_by_hand(app):
    told = [f"{path.relative_to(ROOT)}:{words}" for path in sorted((ROOT / app).rglob("*.py"))
            if path not in (ONE_PLACE, WHO_CALLS) and RIVALS not in path.parents for words in by_hand(path.read_text())]
    assert told == []


def test_what_is_done_by_hand_is_noticed():
    assert by_hand("def a(request):\n    return render(request, 'b' if request.htmx else 'c')") == ["2: .htmx"]
    assert by_hand("patch_vary_headers(response, ['HX-Request'])") == ["1: HX-Request"]
    assert by_hand("from django.contrib.auth.decorators import permission_required") == ["1: permission_required"]
    assert by_hand("raise HttpError(403, 'no')") == ["1: HttpError 403"]
    assert len(pages_of(APPS)) >= 11


@pytest.fixture
def addresses(db):
    """The arguments of every such address, by its name."""
    from evaluations.models import Run
    from papers.models import Paper
    from papers.services import record_search_texts
    arena = make_arena()
    method = make_method(arena, "quick", title="Quick", summary="Sorts.", params=[{
        "name": "r", "type": "int", "default": 8, "help": "rank", "low": 1, "high": 64, "choices": None}])
    run = Run.objects.create(method=method, seed=0, code_digest=method.code_digest)
    paper = Paper.objects.create(title="Quick", title_key="quick")
    record_search_texts([("paper", str(paper.pk), "Quick", ""), ("method", method.key, "Quick", "Sorts.")])
    return {"method_similar": {"arena": arena.slug, "slug": method.slug}, "paper_similar": {"pk": paper.pk},
            "history": {"kind": "paper", "key": str(paper.pk)}, "arena_detail": {"slug": arena.slug},
            "sweep_detail": {"arena": arena.slug, "slug": method.slug},
            "run_detail": {"pk": run.pk}, "shelf_paper": {"pk": paper.pk}}


@pytest.mark.parametrize("name", pages_of(APPS))
def test_back_shows_the_page_and_never_the_fragment(name, addresses, admin_client):
    client, address = admin_client, reverse(name, kwargs=addresses.get(name))
    page, fragment, restored = (client.get(address, headers=headers) for headers in (PAGE, FRAGMENT, RESTORED))
    for answer in (page, fragment, restored):
        assert answer.status_code == 200
        assert "HX-Request" in answer.headers["Vary"], "a cache would show the one for the other"
    assert "<html" in page.text and "<html" in restored.text and "<html" not in fragment.text


@pytest.mark.parametrize("name", ["home", "run_list", "run_detail", "arena_detail"])
def test_a_poll_that_shows_all_there_is_stays_a_poll_to_caches(name, addresses, client):
    address = reverse(name, kwargs=addresses.get(name))
    seen = {"Seen": SHOWN.search(client.get(address).text)[1]}
    unchanged = client.get(address, headers=FRAGMENT | seen)
    assert (unchanged.status_code, unchanged.content) == (204, b"") and "HX-Request" in unchanged.headers["Vary"]
    restored = client.get(address, headers=RESTORED | seen)
    assert restored.status_code == 200 and "<html" in restored.text, "going back shows the page, changed or not"


def test_going_back_to_a_run_shows_its_facts_once(addresses, client):
    address = reverse("run_detail", kwargs=addresses["run_detail"])
    restored, fragment = (client.get(address, headers=headers).text for headers in (RESTORED, FRAGMENT))
    assert restored.count('id="run-facts"') == fragment.count('id="run-facts"') == 1
    assert "hx-swap-oob" not in restored and "hx-swap-oob" in fragment


@pytest.mark.parametrize(("headers", "expected"), [(PAGE, False), (FRAGMENT, True), (RESTORED, False)])
def test_going_back_in_history_wants_the_page(headers, expected):
    request = RequestFactory().get("/", headers=headers)
    request.htmx = HtmxDetails(request)
    assert wants_fragment(request) is expected
