"""Clusters: deterministic, readable, and the same ones after papers were added."""

import numpy as np
import pytest
from django.core.management import call_command

from papers.models import Cluster, Paper, Vector
from papers.search.clustering import group, update_clusters
from papers.search.encoder import model_id
from papers.search.naming import distinctive_terms, label_of
from papers.search.places import read_places, refresh_places
from papers.search.refresh import embed_texts
from papers.services import record_search_texts

SUBJECTS = {
    "optics": ["lens", "prism", "laser", "mirror", "polariser", "grating"],
    "baking": ["sourdough", "yeast", "oven", "crust", "kneading", "flour"],
    "sailing": ["keel", "jib", "harbour", "rigging", "mast", "tiller"],
    "chess": ["bishop", "endgame", "gambit", "checkmate", "pawn", "castling"],
}


def texts(count, start=0):
    """`count` papers on each subject: (title, abstract, subject)."""
    for number in range(start, start + count):
        for subject, words in SUBJECTS.items():
            first, second = words[number % 6], words[(number * 5 + 1) % 6]
            yield (f"The {first} and the {second}, part {number}",
                   f"In this paper we study {subject}: how a {first} works with a {second}. We show that {subject} "
                   f"improves when the {first} is better. Experiments on {subject} confirm the results.", subject)


def add(rows):
    """Store papers with their search texts, not yet embedded; returns {pk: subject}."""
    found = {}
    for title, abstract, subject in rows:
        paper = Paper.objects.create(title=title, title_key=title.lower(), abstract=abstract)
        found[paper.pk] = subject
    record_search_texts([("paper", str(paper.pk), paper.title, paper.abstract)
                         for paper in Paper.objects.filter(pk__in=found)])
    return found


@pytest.fixture
def library(db):
    subjects = add(texts(12))
    embed_texts()
    return subjects


def purity(subjects):
    """The share of papers whose cluster is mostly of their own subject."""
    groups = {}
    for pk, cluster in Paper.objects.filter(pk__in=subjects).values_list("pk", "cluster"):
        groups.setdefault(cluster, []).append(subjects[pk])
    return sum(max(members.count(one) for one in members) for members in groups.values()) / len(subjects)


def test_every_embedded_paper_has_a_cluster_of_its_subject(library):
    assert not Paper.objects.filter(cluster=None).exists()
    assert 4 <= Cluster.objects.count() <= 12
    assert purity(library) == 1.0
    for cluster in Cluster.objects.all():
        centre = np.frombuffer(cluster.centroid, dtype="<f4")
        assert np.linalg.norm(centre) == pytest.approx(1.0, abs=1e-5) and cluster.model_id == model_id()


def test_labels_are_the_subjects_own_words(library):
    for cluster in Cluster.objects.all():
        subject = library[cluster.papers.first().pk]
        own = {subject, *SUBJECTS[subject]}
        first = [word for term, _ in cluster.terms[:3] for word in term.lower().split()]
        assert set(first) & {word.rstrip("s") for word in own} | set(first) & own
        assert not set(first) & {"paper", "study", "experiments", "results", "the", "improves"}
        weights = [weight for _, weight in cluster.terms]
        assert weights == sorted(weights, reverse=True) and cluster.label[0].isupper()


def test_again_changes_nothing(library):
    def state():
        return [(pk, label, bytes(centre), at) for pk, label, centre, at in
                Cluster.objects.order_by("pk").values_list("pk", "label", "centroid", "updated_at")]

    before = state()
    update = update_clusters()
    assert (update.moved, update.regrouped) == (0, False)
    assert embed_texts() == 0
    assert state() == before


def test_few_new_papers_join_the_nearest_cluster(library):
    before = dict(Paper.objects.values_list("pk", "cluster"))
    labels = dict(Cluster.objects.values_list("pk", "label"))
    new = add(texts(1, start=20))
    embed_texts()
    assert dict(Paper.objects.filter(pk__in=before).values_list("pk", "cluster")) == before
    assert dict(Cluster.objects.values_list("pk", "label")) == labels
    assert purity({**library, **new}) == 1.0


def test_many_new_papers_regroup_and_clusters_keep_their_identity(db):
    """Fifty papers of known subjects come to a hundred and twenty: all are grouped again, and nearly all stay."""
    subjects = add(texts(30))
    embed_texts()
    before = dict(Paper.objects.values_list("pk", "cluster"))
    grouped = Cluster.objects.first().updated_at
    subjects |= add(list(texts(13, start=30))[:50])
    embed_texts()
    assert Cluster.objects.first().updated_at > grouped and update_clusters().regrouped is False
    assert purity(subjects) == 1.0
    after = dict(Paper.objects.values_list("pk", "cluster"))
    assert np.mean([after[pk] == before[pk] for pk in before]) >= 0.9
    assert set(before.values()) & set(after.values()) == set(before.values())


def test_when_the_old_clusters_no_longer_suit_the_new_ones_take_over_their_rows(library):
    """Three times as many papers want more clusters: each old row lives on in the cluster it shares most with."""
    old = {pk: set(Paper.objects.filter(cluster=pk).values_list("pk", flat=True))
           for pk in Cluster.objects.values_list("pk", flat=True)}
    subjects = {**library, **add(texts(24, start=12))}
    embed_texts()
    assert purity(subjects) == 1.0 and Cluster.objects.count() > len(old)
    kept = [pk for pk in old if Cluster.objects.filter(pk=pk).exists()]
    assert len(kept) >= 0.7 * len(old)
    for pk in kept:
        now = set(Paper.objects.filter(cluster=pk).values_list("pk", flat=True))
        assert {subjects[one] for one in now} == {subjects[one] for one in old[pk]}


def test_a_new_subject_gets_a_row_of_its_own(library):
    known = set(Cluster.objects.values_list("pk", flat=True))
    for number in range(14):
        plant = ["tulip", "compost", "seedling", "pruning", "greenhouse", "mulch"][number % 6]
        add([(f"A {plant} in gardening {number}",
              f"Gardening with a {plant} and soil. Gardens and plants grow well, season {number}.", "new")])
    embed_texts()
    fresh = Cluster.objects.exclude(pk__in=known)
    assert any("garden" in cluster.label.lower() for cluster in fresh)
    assert purity(library) == 1.0


def test_another_model_regroups_by_members_alone(library):
    rows = dict(Paper.objects.values_list("pk", "cluster"))
    Cluster.objects.update(model_id="another@model", centroid=b"\0" * 8)
    assert update_clusters().regrouped
    assert dict(Paper.objects.values_list("pk", "cluster")) == rows


def test_clusters_without_papers_are_removed(library):
    cluster = Cluster.objects.order_by("pk").first()
    cluster.papers.all().delete()
    update_clusters()
    assert not Cluster.objects.filter(pk=cluster.pk).exists()


def test_small_collections(db):
    assert update_clusters().clusters == 0
    add(list(texts(1))[:3])
    embed_texts()
    assert Cluster.objects.count() == 1 and Paper.objects.filter(cluster=None).count() == 0


def test_grouping_is_deterministic_and_indifferent_to_repetition():
    generator = np.random.default_rng(0)
    centres = generator.standard_normal((8, 64))
    vectors = np.repeat(centres, 30, axis=0) + 0.3 * generator.standard_normal((240, 64))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    first = group(vectors)
    assert np.array_equal(first, group(vectors))
    pairs = {(int(label), row // 30) for row, label in enumerate(first)}
    assert len({label for label, _ in pairs}) == len(pairs) >= 8  # no cluster mixes two centres


def test_identical_texts_do_not_break_grouping():
    vectors = np.tile(np.eye(1, 16, dtype=np.float32), (30, 1))
    assert len(group(vectors)) == 30


def test_terms_are_distinctive_readable_and_do_not_repeat_each_other():
    documents = ["BERT learns masked words. Graph neural networks (GNN) pass messages.",
                 "Graph neural networks on molecules; BERT again.",
                 "Graph neural networks find BERT useful.",
                 "Cats sleep. Cats eat.", "A cat sleeps on the mat with other cats.", "Sleeping cats purr."]
    graph, cats = distinctive_terms([("", text) for text in documents], np.array([0, 0, 0, 1, 1, 1]))
    names = [term for term, _ in graph]
    assert "graph neural networks" in names and "BERT" in names
    assert not {"graph", "neural networks", "graph neural"} & set(names)
    assert "cat" in cats[0][0] and "the" not in " ".join(term for term, _ in cats).split()
    assert label_of([("graph neural networks", 1.0), ("BERT", 0.5)]) == "Graph neural networks, BERT"
    assert label_of([]) == "Unnamed"


def test_the_map_is_kept_until_the_papers_change(library):
    ids, places = read_places()
    assert len(ids) == len(library) and places.min() >= 0.0 and places.max() <= 1.0
    distances = np.linalg.norm(places[:, None] - places[None], axis=-1)
    subjects = np.array([library[pk] for pk in sorted(library)])
    np.fill_diagonal(distances, np.inf)
    assert np.mean(subjects[distances.argmin(axis=1)] == subjects) > 0.9
    refresh_places()
    assert np.array_equal(read_places()[1], places)
    add(texts(1, start=30))
    embed_texts()
    assert len(read_places()[0]) == len(library) + 4


def test_real_digests_give_a_readable_number_of_named_clusters(digest_papers, db):
    """Half of the papers, then fifty more: the clusters stay, with names of their own."""
    for number, (title, abstract) in enumerate(digest_papers[:350]):
        Paper.objects.create(title=title, title_key=str(number), abstract=abstract)
    record_search_texts([("paper", str(paper.pk), paper.title, paper.abstract) for paper in Paper.objects.all()])
    embed_texts()
    old = dict(Paper.objects.values_list("pk", "cluster"))
    count = Cluster.objects.count()
    assert 12 <= count <= 35
    assert len(set(Cluster.objects.values_list("label", flat=True))) == count
    for number, (title, abstract) in enumerate(digest_papers[350:400], start=350):
        paper = Paper.objects.create(title=title, title_key=str(number), abstract=abstract)
        record_search_texts([("paper", str(paper.pk), paper.title, paper.abstract)])
    embed_texts()
    new = dict(Paper.objects.filter(pk__in=old).values_list("pk", "cluster"))
    assert set(new.values()) & set(old.values()) and np.mean([new[pk] == old[pk] for pk in old]) >= 0.8
    assert len(set(old.values()) & set(Cluster.objects.values_list("pk", flat=True))) >= 0.9 * count


def test_command_groups_and_lists(library, capsys):
    call_command("cluster", "--regroup")
    printed = capsys.readouterr().out
    assert "all papers grouped anew" in printed
    for cluster in Cluster.objects.all():
        assert cluster.label in printed
    assert Vector.objects.count() == len(library)


def test_a_name_is_taken_from_titles_first_and_completed():
    papers = [("Class Incremental Learning", "Language models learn classes. We keep scores.")] * 2 + \
        [("Class Incremental Learning", "Language models learn classes, too.")] + [("Sleep of cats", "Cats dream.")] * 3
    first, _ = distinctive_terms(papers, np.array([0, 0, 0, 1, 1, 1]))
    names = [term.lower() for term, _ in first]
    assert names[0] == "class incremental learning" and "language models" in names and "language" not in names


def test_our_own_words_make_no_cluster_and_no_name(db):
    """Papers of each subject, and some known only by descriptions that are all written alike."""
    subjects = add(texts(8))
    described = {}
    for subject, words in SUBJECTS.items():
        for number in range(4):
            word = words[number]
            paper = Paper.objects.create(
                title=f"The {word} of {subject}, seen anew {number}", title_key=f"{subject} {number}", described=True,
                abstract=f"The gist, told in a plain picture: a {word} of {subject} starts at zero and is kept, so "
                         "that the gist stays plain and nothing else of the picture comes into it.")
            described[paper.pk] = subject
    record_search_texts([("paper", str(paper.pk), paper.title, paper.abstract)
                         for paper in Paper.objects.filter(pk__in=described)])
    embed_texts()
    assert purity(subjects) == 1.0 and purity({**subjects, **described}) >= 0.95
    named = {word for terms in Cluster.objects.values_list("terms", flat=True) for term, _ in terms
             for word in term.lower().split()}
    assert not named & {"gist", "plain", "picture", "zero", "told"}


def test_a_library_known_only_by_descriptions_is_grouped_all_the_same(db):
    subjects = add(texts(8))
    Paper.objects.update(described=True)
    embed_texts()
    assert purity(subjects) == 1.0 and Cluster.objects.count() >= 4
