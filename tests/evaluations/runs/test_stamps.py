"""What pages keep never outlives the results it was made of, whichever process changed them."""

import re

import pytest
from django.core.cache import caches

from evaluations.claims.verdicts import update_verdicts
from evaluations.models import Claim, Run, Verdict
from evaluations.runs.stamps import results_stamp
from papers import keeping
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method

pytestmark = pytest.mark.django_db
PAGES = ("/claims/", "/claims/?q=good", "/arenas/", "/arenas/sorting/", "/claims/feed/", "/api/ledger", "/compare/")


@pytest.fixture
def arena():
    arena = make_arena()
    good, plain = make_method(arena, "good"), make_method(arena, "plain")
    for method, position in ((good, 0), (good, 1)):
        Claim.objects.create(method=method, position=position, kind="Beats", sentence=f"claim {position}",
                             rival="plain", metric=("accuracy", "error")[position], setting="default", terms=[
                                 {"weight": 1, "method": "", "metric": ("accuracy", "error")[position],
                                  "setting": "default"},
                                 {"weight": -1, "method": "plain", "metric": ("accuracy", "error")[position],
                                  "setting": "default"}])
    add_runs(good, {"accuracy": draws(60), "error": draws(40, seed=3)})
    add_runs(plain, {"accuracy": draws(50, seed=1), "error": draws(40, seed=4)})
    update_verdicts(arena=arena)
    return arena


def answers(client) -> dict[str, bytes]:
    """By page, without the tokens that every form gets anew."""
    return {page: re.sub(rb"\b\w{64}\b", b"", client.get(page).content) for page in PAGES}


def test_no_page_shows_a_verdict_that_new_runs_have_turned(client, arena, monkeypatch):
    monkeypatch.setattr(keeping, "SLOW", float("inf"))  # no files: each process computes for itself
    assert Verdict.objects.get(claim__sentence="claim 0", current=True).status == Verdict.CONFIRMED
    before = answers(client)
    assert answers(client) == before
    add_runs(arena.methods.get(slug="good"), {"accuracy": draws(0, seed=8), "error": draws(40, seed=9)},
             code="of another day")
    arena.methods.filter(slug="good").update(code_digest="of another day")
    update_verdicts(arena=arena)
    assert Verdict.objects.get(claim__sentence="claim 0", current=True).status == Verdict.REFUTED
    kept = answers(client)
    for memory in caches.all():  # as another process, which has kept nothing, answers
        memory.clear()
    assert kept == answers(client)
    assert all(kept[page] != before[page] for page in PAGES if page != "/compare/")


def test_a_number_renewed_in_place_shows(client, arena):
    """Another claim of the family changes a verdict's adjusted p without a new row or a new run."""
    before, pages = results_stamp("sorting"), answers(client)
    rows = Verdict.objects.count()
    verdict = Verdict.objects.get(claim__sentence="claim 1", current=True)
    Verdict.objects.filter(pk=verdict.pk).update(p_value=0.5 * verdict.p_value)
    assert Verdict.objects.count() == rows and results_stamp("sorting") != before and results_stamp() != before
    assert answers(client)["/claims/"] != pages["/claims/"]


@pytest.mark.parametrize("change", [
    lambda arena: add_runs(arena.methods.get(slug="good"), {"accuracy": [1.0], "error": [1.0]}, setting="harsh"),
    lambda arena: Run.objects.filter(method__slug="good", seed=0).update(state=Run.QUEUED),
    lambda arena: Run.objects.filter(method__slug="good", seed=0).update(code_digest="older"),
    lambda arena: Run.objects.filter(method__slug="good", seed=0).delete(),
    lambda arena: arena.methods.filter(slug="good").update(title="Better"),
    lambda arena: Claim.objects.filter(position=1).delete(),
    lambda arena: Verdict.objects.filter(claim__position=1).update(current=False)])
def test_every_change_of_results_changes_the_stamp_of_its_arena_and_no_other(arena, change):
    other = make_arena("searching")
    add_runs(make_method(other, "plain"), {"accuracy": [1.0]})
    here, there, everywhere = results_stamp("sorting"), results_stamp("searching"), results_stamp()
    assert here == results_stamp("sorting")
    change(arena)
    assert results_stamp("sorting") != here and results_stamp() != everywhere and results_stamp("searching") == there
