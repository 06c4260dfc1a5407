"""No address of a page, whatever is written into it, ends in an error of the server.

Which parameters a page reads is recorded while it is asked for once, so that a new page or parameter is tried too.
"""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch
from urllib.parse import quote

import pytest
from django.http import QueryDict
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils.datastructures import MultiValueDict

from config.accounts.invitations import invite
from config.asking.services import ask
from evaluations.models import Claim, Run, Snapshot
from evaluations.snapshots.services import freeze_table
from evaluations.tables.state import default_state
from papers.models import Digest, Paper
from papers.services import import_digest, record_search_texts
from papers.shelf.models import PaperList
from papers.shelf.owners import share_list
from papers.shelf.services import list_papers
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method

HOSTILE = {
    "a number too large for the database": "9" * 20, "a number too long to read": "9" * 5000, "negative": "-1",
    "no number": "NaN", "a huge float": "1e999", "NUL": "a%00b", "no UTF-8": "%ff%fe", "100 kB": "x" * 100_000,
    "20,000 words": "a+" * 20_000, "SQL": quote("' OR 1=1 --"), "a pattern": quote("%_\\[*"),
    "markup": quote("<script>alert(1)</script>"), "other digits": quote("٣"),
    "a moment off the calendar": quote("0001-01-01T00:00:00+14:00"), "empty": "",
}


def pages(resolver: URLResolver | None = None) -> Iterator[URLPattern]:
    """Every named address of the site but the admin's and the API's."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            if entry.app_name not in ("admin", "ninja"):
                yield from pages(entry)
        elif entry.name and "api/" not in str(entry.pattern):
            yield entry


NOT_ASKED = {"logout", "readyz", "metrics"}  # readyz says 503 where no broker runs, metrics 404 where it is off
NAMES = sorted({page.name for page in pages()} - NOT_ASKED)


@pytest.fixture
def arguments(admin_user):
    """What the addresses name: by the name of the address, or of the argument."""
    arena = make_arena()
    make_method(arena, "plain")
    method = make_method(arena, "quick", title="Quick", summary="Sorts.", params=[{
        "name": "r", "type": "int", "default": 8, "help": "rank", "low": 1, "high": 64, "choices": None}])
    add_runs(method, {"accuracy": draws(70, 3), "error": draws(1, 3)})
    claim = Claim.objects.create(method=method, position=0, kind="Beats", sentence="better", rival="plain",
                                 metric="accuracy", setting="default", terms=[])
    import_digest(name="a.json", data=b'[{"title": "Quick", "abstract": "It sorts."}]')
    paper, digest = Paper.objects.get(), Digest.objects.get()
    record_search_texts([("paper", str(paper.pk), "Quick", ""), ("method", method.key, "Quick", "Sorts.")])
    snapshot = freeze_table(arena=arena, state=default_state(arena), by=admin_user, title="Then")
    of_runs = {name: {"pk": Run.objects.first().pk} for name in ("run_detail", "run_cancel", "run_retry", "run_replay")}
    of_digests = {f"digest_{name}": {"pk": digest.pk} for name in ("detail", "progress", "original", "remove")}
    invitation, secret = invite(names=["reader"], days=7, by=admin_user)
    asked = ask(by=admin_user, target="arena:sorting")
    of_people = {"person_change": {"pk": admin_user.pk}, "invitation_revoke": {"pk": invitation.pk},
                 "join": {"secret": secret}, "history": {"kind": "paper", "key": str(paper.pk)},
                 "ask_answer": {"pk": asked.pk}, "ask_withdraw": {"pk": asked.pk}}
    list_papers(user=admin_user, papers=[paper.pk], name="To read")
    shared = share_list(user=admin_user, pk=PaperList.objects.get().pk, days=9)
    of_shelf = {"paper_day": {"name": "2026-11-27"}, "paper_week": {"name": "2026-W48"},
                "paper_month": {"name": "2026-11"}, "shelf_list": {"pk": shared.pk},
                "shelf_list_shared": {"key": shared.share_key},
                "shelf_list_shared_bibliography": {"key": shared.share_key}}
    return of_runs | of_digests | of_people | of_shelf | {
        "claim_detail": {"pk": claim.pk}, "badge_paper": {"key": str(paper.pk)},
        "snapshot_cell": {"key": snapshot.key, "method": "quick"}, "reported_decide": {"pk": 1, "action": "accept"},
        "snapshot_detail": {"key": snapshot.key}, "snapshot_retitle": {"key": snapshot.key},
        "run_request_progress": {"key": "nothing"}, "token_delete": {"pk": 1}, "cluster_detail": {"pk": 1},
        "link_curate": {"paper": paper.pk}, "token": "x",
        "format": "atom", "pk": paper.pk, "slug": "quick", "arena": arena.slug, "method": "quick",
        "arena_detail": {"slug": arena.slug}, "arena_statistics": {"slug": arena.slug}, "form": "csv",
        "figure_page": {"slug": arena.slug, "kind": "forest"},
        "figure_file": {"slug": arena.slug, "kind": "forest", "form": "csv"},
        "snapshot_freeze": {"slug": arena.slug}, "cell_detail": {"slug": arena.slug, "method": "quick"}}


def address_of(name: str, arguments: dict) -> str:
    [wanted] = [page.pattern.converters for page in pages() if page.name == name]
    return reverse(name, kwargs=arguments.get(name, {each: arguments[each] for each in wanted if each in arguments}))


def parameters_read(client, address: str) -> set[str]:
    """The names that the view looks up in the address."""
    read = set()

    def note(original):
        def looked_up(self, name, *rest):
            if isinstance(self, QueryDict) and isinstance(name, str):
                read.add(name)
            return original(self, name, *rest)
        return looked_up
    with patch.object(MultiValueDict, "__getitem__", note(MultiValueDict.__getitem__)), \
            patch.object(MultiValueDict, "getlist", note(MultiValueDict.getlist)):
        client.get(address)
    return read - {"csrfmiddlewaretoken"}


@pytest.mark.parametrize("name", NAMES)
def test_a_page_survives_whatever_its_parameters_hold(name, arguments, admin_client):
    address = address_of(name, arguments)
    for parameter in sorted(parameters_read(admin_client, address) | {"unknown"}):
        for words, value in HOSTILE.items():
            queries = [f"{parameter}={value}"] if words != "negative" else [
                f"{parameter}={value}", f"{parameter}={value}&{parameter}=2&{parameter}={value}"]
            for query in queries:
                answer = admin_client.get(f"{address}?{query}")
                assert answer.status_code < 500, (address, parameter, words)
                assert b"<script>alert(1)" not in b"".join(answer), (address, parameter)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_survives_whatever_its_path_holds(name, arguments, admin_client):
    [page] = [page for page in pages() if page.name == name]
    for argument, converter in page.pattern.converters.items():
        kwargs = arguments.get(name, {each: arguments[each] for each in page.pattern.converters if each in arguments})
        numbers = (0, 10**20) if type(converter).__name__ == "IntConverter" else ("9" * 20, "x" * 5000, "-")
        for value in numbers:
            answer = admin_client.get(reverse(name, kwargs=kwargs | {argument: value}))
            assert answer.status_code in (200, 302, 400, 404, 405), (name, argument, value)


def test_what_a_page_reads_is_noticed(arguments, admin_client):
    assert parameters_read(admin_client, reverse("method_list")) == {"q", "arena", "fidelity", "measured", "page"}
    assert {"since", "digest", "link", "page"} <= parameters_read(admin_client, reverse("paper_list"))
    assert {"metrics", "vs", "rows"} <= parameters_read(admin_client, address_of("arena_detail", arguments))
    assert len(NAMES) > 35 and Snapshot.objects.exists()
