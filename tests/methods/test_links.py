"""Links: by card, by meaning, by a curator; and how much they cover."""

import json

import numpy as np
import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command

from methods import linking
from methods.linking import link_papers, refresh_links
from methods.models import Arena, Method, PaperLink
from methods.selectors import coverage, links_of
from methods.services import curate_link, forget_curation
from papers.models import Paper, SearchText, Vector
from papers.services import import_digest, record_search_texts

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


MODEL = "a model"


@pytest.fixture
def scattered(db, settings, tmp_path, monkeypatch):
    """Sixty papers and twelve methods with random vectors, ties among them, linked to nothing yet."""
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(linking, "prepared", lambda: type("Prepared", (), {"model_id": MODEL}))
    arena = Arena.objects.create(slug="arena", title="Arena", question="?", explanation="", baseline="m0", metrics=[],
                                 settings=[], scales={}, source_code="")
    methods = Method.objects.bulk_create(Method(
        arena=arena, slug=f"m{number}", title=f"M{number}", summary="", explanation="", source_path="", source_code="",
        code_digest="") for number in range(12))
    papers = Paper.objects.bulk_create(Paper(title=f"P{number}", title_key=f"p{number}") for number in range(60))
    record_search_texts([("method", method.key, method.title, "gradient descent") for method in methods])
    record_search_texts([("paper", str(paper.pk), paper.title, "gradient ascent") for paper in papers])
    vectors = np.random.default_rng(0).normal(size=(72, 8)).astype("<f4")
    vectors[5] = vectors[6]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    Vector.objects.bulk_create(
        Vector(text=text, model_id=MODEL, text_hash=text.text_hash, dimension=8, values=vector.tobytes())
        for text, vector in zip(SearchText.objects.order_by("pk"), vectors, strict=True))
    SearchText.objects.update(embedded_by=MODEL)
    cosines = vectors[12:] @ vectors[:12].T
    return papers, methods, cosines


def expected(cosines, row, banned=()):
    """The links of one paper, one comparison at a time: (column, cosine, share of all cosines below it)."""
    order = [column for column in np.argsort(-cosines[row], kind="stable") if column not in banned][:3]
    return [(column, round(float(cosines[row, column]), 4),
             round(float((cosines < cosines[row, column]).sum() / cosines.size * 100), 2)) for column in order]


@pytest.mark.parametrize("block", [7, 4096])
def test_links_by_meaning_are_those_of_comparing_one_by_one(scattered, admin_user, monkeypatch, block):
    monkeypatch.setattr(linking, "BLOCK", block)
    papers, methods, cosines = scattered
    nearest = int(cosines[3].argmax())
    curate_link(paper=papers[3], method=methods[nearest], state="rejected", by=admin_user)
    report = link_papers()
    assert (report.implements, report.related, report.waiting) == (0, 180, 0)
    column_of = {method.pk: column for column, method in enumerate(methods)}
    for row, paper in enumerate(papers):
        links = PaperLink.objects.filter(paper=paper, origin="meaning").order_by("-score", "method")
        assert [(column_of[link.method_id], link.score, link.percentile) for link in links] == \
            expected(cosines, row, [nearest] if row == 3 else ())
        assert {tuple(link.reason) for link in links} == {("gradient",)}


def test_what_has_not_changed_is_not_worked_out_again(scattered, admin_user, monkeypatch):
    papers, methods, _ = scattered
    assert refresh_links().related == 180
    assert refresh_links() is None
    with monkeypatch.context() as patch:
        patch.setattr(linking, "short_write", None)  # the second time nothing is written, so no transaction begins
        assert link_papers().related == 180

    def changes():
        yield lambda: import_digest(name="more", data=b'{"title": "One more", "abstract": "Of gradients."}')
        yield lambda: record_search_texts([("paper", str(papers[1].pk), "P1", "other words")])
        yield lambda: record_search_texts([("method", methods[2].key, "M2", "other words")])
        yield lambda: curate_link(paper=papers[2], method=methods[0], state="accepted", by=admin_user)
        yield lambda: forget_curation(link=PaperLink.objects.get(paper=papers[2], method=methods[0]))
        yield lambda: Method.objects.filter(pk=methods[1].pk).update(
            papers=[{"title": "P4", "arxiv": None, "year": 2020, "covers": ""}])

    for change in changes():
        change()
        assert refresh_links() is not None
        assert refresh_links() is None
    assert PaperLink.objects.get(method=methods[1], paper=papers[4]).kind == "implements"
    assert PaperLink.objects.filter(paper=papers[4]).count() == 1


def test_what_happens_while_links_are_worked_out_is_respected(scattered, admin_user, monkeypatch):
    """Between reading and writing a curator speaks and a paper goes."""
    papers, methods, cosines = scattered
    nearest = methods[int(cosines[0].argmax())]
    worked_out = linking._nearest

    def meanwhile(*arguments):
        answer = worked_out(*arguments)
        curate_link(paper=papers[0], method=nearest, state="rejected", by=admin_user)
        Paper.objects.filter(pk=papers[1].pk).delete()
        return answer

    monkeypatch.setattr(linking, "_nearest", meanwhile)
    link_papers()
    assert PaperLink.objects.get(paper=papers[0], method=nearest).state == "rejected"
    assert not PaperLink.objects.filter(paper=papers[1].pk).exists()
    assert PaperLink.objects.filter(paper=papers[2]).count() == 3


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
