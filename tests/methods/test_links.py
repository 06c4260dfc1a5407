"""Links: by card, by meaning, by a curator; and how much they cover."""

import json

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command

from methods.models import Method, PaperLink
from methods.selectors import coverage, links_of
from methods.services import curate_link, forget_curation, link_papers
from papers.models import Paper
from papers.services import import_digest

STRANGERS = b"\n".join(json.dumps(record).encode() for record in [
    {"title": "Rare classes in skewed image collections", "year": 2025,
     "abstract": "Classifiers trained on imbalanced data neglect infrequent classes. We re-weight the loss by class "
                 "frequency so that the tail of a long-tailed distribution is learned as well as its head."},
    {"title": "Adaptive step sizes for stochastic training", "year": 2025,
     "abstract": "An optimizer that adapts its learning rate per parameter from gradient moments, with momentum."},
    {"title": "Adam: A Method for Stochastic Optimisation of Gardens", "year": 2025,
     "abstract": "Where to put the roses, and when to water them."},
])


@pytest.fixture
def strangers(embedded):
    """Papers that no card names, one with a title close to a famous one's."""
    import_digest(name="strangers", data=STRANGERS)
    from papers.search.refresh import embed_texts
    embed_texts()
    link_papers()
    return {paper.title.split()[0]: paper for paper in Paper.objects.filter(title__in=[
        json.loads(line)["title"] for line in STRANGERS.splitlines()])}


def test_every_named_paper_is_implemented(library):
    report = link_papers()
    named = {p["title"] for m in Method.objects.all() for p in m.papers}
    linked = Paper.objects.filter(links__kind="implements", links__origin="card").distinct()
    assert {paper.title for paper in linked} == named
    assert report.implements >= len(named)
    assert coverage()["links"] == {"implements": len(named), "related": 0, "none": 0}


def test_a_paper_no_card_names_gets_the_nearest_methods_with_score_and_reason(strangers):
    links = list(links_of(strangers["Rare"]))
    assert [link.kind for link in links] == ["related"] * 3
    assert links[0].method.arena_id == "long-tail"
    assert links[0].score > links[1].score > 0 and links[0].percentile > 90
    assert links[0].reason
    assert links_of(strangers["Adaptive"])[0].method.arena_id == "optimizers"


def test_a_near_duplicate_title_is_not_caught(strangers):
    assert not strangers["Adam:"].links.filter(kind="implements").exists()


def test_linking_again_changes_nothing(strangers):
    before = list(PaperLink.objects.order_by("pk").values())
    link_papers()
    assert list(PaperLink.objects.order_by("pk").values()) == before


def test_a_curators_word_survives_and_can_be_undone(strangers, admin_user):
    paper = strangers["Rare"]
    nearest = links_of(paper)[0].method
    curate_link(paper=paper, method=nearest, state="rejected", by=admin_user)
    link_papers()
    shown = list(paper.links.exclude(state="rejected").values_list("method", flat=True))
    assert len(shown) == 3 and nearest.pk not in shown
    assert paper.links.get(method=nearest).state == "rejected"

    forget_curation(link=paper.links.get(method=nearest))
    link_papers()
    assert links_of(paper)[0].method == nearest and links_of(paper)[0].state == "proposed"

    unlike = Method.objects.get(arena="optimizers", slug="sgd")
    curate_link(paper=paper, method=unlike, state="accepted", by=admin_user)
    link_papers()
    by_hand = paper.links.get(method=unlike)
    assert (by_hand.origin, by_hand.state, by_hand.kind) == ("curator", "accepted", "implements")
    assert coverage()["links"]["none"] == 0


def test_a_vanished_method_loses_its_automatic_links(strangers):
    Method.objects.filter(pk=links_of(strangers["Rare"])[0].method_id).update(present=False)
    link_papers()
    assert not PaperLink.objects.filter(method__present=False).exists()


def test_curating_on_the_page_needs_the_permission(strangers, client, django_user_model):
    paper, method = strangers["Rare"], links_of(strangers["Rare"])[0].method
    user = django_user_model.objects.create_user("reader")
    client.force_login(user)
    address, body = f"/papers/{paper.pk}/links/", {"method": method.key, "word": "reject"}
    assert client.post(address, body).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="change_paperlink"))
    assert client.post(address, body).status_code == 302
    assert paper.links.get(method=method).state == "rejected"
    answer = client.post(address, {**body, "word": "undo"}, headers={"hx-request": "true"})
    assert answer.status_code == 200 and "Reject it" in answer.text
    assert paper.links.get(method=method).curated_at is None


def test_coverage_command_counts_as_json(strangers, capsys):
    call_command("coverage", "--json")
    found = json.loads(capsys.readouterr().out)
    assert found["links"]["related"] == 3 and found["papers"] == sum(found["links"].values())
    assert found["measured"] == {"implements": 0, "any": 0}
