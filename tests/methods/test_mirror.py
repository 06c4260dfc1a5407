"""The mirror rows equal the files, and follow them."""

import pytest

from evaluations.claims.mirror import sync_claims
from evaluations.models import Claim
from methods.kit.engine.registry import discover
from methods.mirror import import_starter_digest, sync_methods
from methods.models import Arena, Method
from papers.models import Digest, Paper

pytestmark = pytest.mark.django_db


def test_rows_equal_files_and_mirroring_again_changes_nothing():
    first, again = sync_methods(), sync_methods()
    found = discover()
    assert first.added == first.methods == sum(len(e.methods) for e in found.values()) == Method.objects.count()
    assert (again.added, again.changed, again.gone) == (0, 0, 0)
    for slug, entry in found.items():
        arena = Arena.objects.get(pk=slug)
        assert [m["name"] for m in arena.metrics] == [m.name for m in entry.arena.metrics]
        assert arena.question and arena.methods.filter(slug=arena.baseline).exists()
    adam = Method.objects.get(arena="optimizers", slug="adam")
    assert adam.source_code.startswith('"""Adam') and adam.params and adam.papers[0]["arxiv"] == "1412.6980"


def test_a_vanished_file_keeps_its_row_marked_absent():
    sync_methods()
    ghost = Method.objects.create(arena_id="optimizers", slug="ghost", title="Ghost", summary="", explanation="",
                                  source_path="", source_code="", code_digest="x")
    assert sync_methods().gone == 1
    ghost.refresh_from_db()
    assert not ghost.present


def test_claims_follow_the_cards():
    sync_methods()
    total = sync_claims()
    assert total == Claim.objects.count() == sum(len(m.claims) for m in Method.objects.all()) > 50
    kept = Claim.objects.first()
    method = kept.method
    method.claims = [{**method.claims[0]}, *method.claims[1:]]
    method.claims[0]["sentence"] = "something else entirely"
    method.save()
    sync_claims()
    assert not Claim.objects.filter(pk=kept.pk).exists()
    assert Claim.objects.get(method=method, position=0).sentence == "something else entirely"


def test_the_starter_digest_is_the_library():
    sync_methods()
    report = import_starter_digest()
    titles = {p["title"] for m in Method.objects.all() for p in m.papers}
    assert {p.title for p in Paper.objects.all()} == titles and not report.rejected
    assert all(p.abstract and p.described for p in Paper.objects.all())

    Method.objects.filter(arena="optimizers", slug="adam").update(summary="a changed explanation")
    import_starter_digest()
    assert Digest.objects.count() == 1 and Paper.objects.count() == len(titles)
