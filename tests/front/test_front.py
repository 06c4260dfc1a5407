"""The start page: what stands out for a newcomer, the inbox of an account, never a list of what is undecided."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from config.front.selectors import home
from evaluations.claims.verdicts import update_verdicts
from evaluations.models import Run
from evaluations.runs.selectors import newest_results
from papers.services import import_digest
from tests.evaluations.claims.test_verdicts import claim_beats
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method

pytestmark = pytest.mark.django_db


def measured(slug, **means):
    """An arena with a baseline of 50, one claim of each method against it, and the verdicts."""
    arena = make_arena(slug)
    add_runs(make_method(arena, "plain"), {"accuracy": draws(50, seed=1), "error": draws(9, seed=1)})
    for name, mean in means.items():
        method = make_method(arena, name)
        add_runs(method, {"accuracy": draws(mean, seed=round(mean)), "error": draws(9)})
        claim_beats(method)
    update_verdicts(arena=arena)
    return arena


def test_verdicts_that_stand_out_are_decided_and_of_several_arenas(client):
    measured("sorting", good=60, better=70, bad=40, same=50)
    measured("juggling", worse=20)
    page = home(AnonymousUser())
    assert [(s.claim.method.arena_id, s.status) for s in page.verdicts][:2] == [
        ("juggling", "refuted"), ("sorting", "confirmed")]
    shown = client.get(reverse("home")).content.decode()
    assert "points less accuracy than Plain; six seeds refute the claim." in shown
    assert "cannot tell" not in shown and "1 undecided" in shown


def test_a_verdict_that_turned_comes_first():
    arena = measured("sorting", good=60, bad=40)
    measured("juggling", worse=20)
    Run.objects.filter(method__slug="good").delete()
    good = arena.methods.get(slug="good")
    add_runs(good, {"accuracy": draws(30, seed=3), "error": draws(9)})
    update_verdicts(arena=arena)
    first = home(AnonymousUser()).verdicts[0]
    assert (first.claim.method.slug, first.status) == ("good", "refuted")


def test_tables_are_those_with_most_decided_claims_and_end_with_the_baseline(client):
    measured("sorting", a=51, b=60, c=65, d=70, e=75)
    arena = measured("juggling", worse=20)
    arena.baseline = "worse"
    arena.save()
    first, second = home(AnonymousUser()).tables
    assert (first.arena.pk, first.measured, [row.title for row in first.rows][:4]) == (
        "sorting", 6, ["E", "D", "C", "B"])
    assert second.arena.pk == "juggling" and second.rows[-1].baseline
    shown = client.get("/").content.decode()
    assert "the best of 6 methods" in shown and "Measured here lately" in shown
    Run.objects.update(origin="elsewhere")
    assert newest_results(5) and not newest_results(5, here=True)


def test_an_account_sees_its_inbox_and_a_visitor_the_search(client, admin_client):
    import_digest(name="a.jsonl", data=b'[{"title": "Quick sorting", "abstract": "It sorts."}]')
    visitor, reader = client.__class__().get("/").content.decode(), admin_client.get("/").content.decode()
    assert 'id="front-search"' in visitor and "Your inbox" not in visitor and "Log in to import" in visitor
    assert "Your inbox" in reader and "Quick sorting" in reader and 'id="front-import"' in reader
    assert "front-search" not in reader


def test_the_import_box_leads_to_the_preview(admin_client):
    page = admin_client.post(reverse("digest_import"), {"text": '[{"title": "Quick sorting", "abstract": "a"}]'},
                             follow=True).content.decode()
    assert "Nothing is saved yet" in page and "Quick sorting" in page
