"""Clusters of papers: found in the vectors, named by their distinctive terms, and the same ones tomorrow.

Vectors are centred and reduced to their main directions, grouped by Ward's method and refined by k-means; the
number of clusters is the smallest whose silhouette comes near the best. All of it is deterministic. New papers join
the nearest cluster; only when many have come, or a cluster's centre has moved, are all papers grouped again. The old
clusters then go on, refined, if that is about as good as starting afresh; otherwise each new cluster takes over the
row of the old one it shares most papers with.

Papers that are known by our own words alone would find each other by how we write: they make no clusters and join the
nearest, as long as fewer of the papers are so than not.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from django.db.models import Count, Exists, OuterRef
from django.utils import timezone
from filelock import FileLock
from threadpoolctl import threadpool_limits

from papers.models import Cluster, Paper, Revision, SearchText, Vector
from papers.search.encoder import model_id
from papers.search.naming import distinctive_terms, label_of
from papers.search.vectors import index_dir, kind_vectors, main_directions, vectors_of
from papers.writing import short_write

logger = logging.getLogger(__name__)

DIRECTIONS = 32  # principal directions kept: the rest of a sentence embedding is mostly noise between papers
WARD_LIMIT = 4_000  # Ward's method needs all pairs; larger collections are seeded by a sample
NEAR_BEST = 0.97  # share of the best silhouette at which fewer clusters are preferred
GO_ON = 0.90  # share of the best silhouette at which the present clusters go on: staying the same is worth something
REGROUP_SHARE = 0.10  # new or changed papers that make all papers be grouped again ...
REGROUP_LEAST = 10  # ... but never fewer than these
MOVED = 0.97  # cosine between a cluster's centre then and now below which the same happens
SAME_MEMBERS = 0.15  # least overlap (Jaccard) at which a new cluster is an old one
UNFINISHED = datetime(1970, 1, 1, tzinfo=UTC)  # a cluster's time of update while papers are being moved
TOGETHER = 50  # papers that join their clusters in one step
NAMED_BY = 6_000  # papers whose words name the clusters ...
NAMED_LEAST = 30  # ... and as many of each cluster


@dataclass(frozen=True)
class ClusterUpdate:
    """What an update did: how many clusters there are, how many papers changed cluster, whether all were grouped."""

    clusters: int
    moved: int
    regrouped: bool


def update_clusters(*, regroup: bool = False) -> ClusterUpdate:
    """Give every embedded paper a cluster. Repeating it changes nothing. `regroup` groups all papers anew."""
    with FileLock(index_dir() / "clusters.lock"):
        started = timezone.now()
        model = model_id() or ""  # with none there are no vectors either
        old = list(Cluster.objects.order_by("pk"))
        if regroup or _must_regroup(old, model):
            return _regroup(old, model, started)
        return _join_nearest(old, model)


def group(vectors: np.ndarray, before: np.ndarray | None = None) -> np.ndarray:
    """Cluster numbers (n,) of unit vectors (n, dimension), from 0 in order of size, the largest first.

    `before` (n,) holds the present clusters, -1 where a paper has none: they go on, only refined, as long as their
    number suits and their silhouette stays near the best.
    """
    from sklearn.metrics import silhouette_score

    count = len(vectors)
    if count < 6:
        return np.zeros(count, dtype=np.int64)
    reduced = main_directions(vectors, DIRECTIONS)
    distinct = len(np.unique(reduced.round(4), axis=0))
    if distinct < 3:
        return np.zeros(count, dtype=np.int64)
    most = max(2, min(round(1.35 * count ** 0.5), count // 2, distinct - 1, 60))
    fewest = min(max(2, round(0.75 * count ** 0.5)), most)
    numbers = range(fewest, most + 1, 1 if most - fewest < 12 else 2)
    with threadpool_limits(1):  # sums in one order, so that the same vectors always give the same clusters
        partitions = [_refined(reduced, _seeds(reduced, number)) for number in numbers]
        if before is not None and fewest <= len(set(before[before >= 0].tolist())) <= most:
            partitions.insert(0, _refined(reduced, _centres(reduced, before)))
        scores = [float(silhouette_score(reduced, labels, metric="cosine", sample_size=min(count, WARD_LIMIT),
                                         random_state=0)) for labels in partitions]
    best = max(scores)
    shares = [GO_ON if len(partitions) > len(numbers) and place == 0 else NEAR_BEST for place in range(len(scores))]
    labels = next(labels for score, share, labels in zip(scores, shares, partitions, strict=True)
                  if score >= min(best * share, best))
    order = sorted(set(labels.tolist()), key=lambda label: (-(labels == label).sum(), label))
    return np.array([order.index(label) for label in labels])


def _embedded(model: str) -> int:
    """How many papers have a vector: two counts that open no rows."""
    texts = SearchText.objects.filter(embedded_by=model)
    return texts.count() - SearchText.objects.filter(paper=None, embedded_by=model).count()


def _papers_of(text_ids: list[int], model: str) -> dict[int, tuple[int, int | None]]:
    """Paper and cluster of those of these texts that are papers' and have a vector. By their keys: asked for the model
    too, SQLite would look through all that it has embedded."""
    found: dict[int, tuple[int, int | None]] = {}
    for start in range(0, len(text_ids), 5000):
        texts = SearchText.objects.filter(pk__in=text_ids[start:start + 5000]).order_by("pk")
        for pk, paper, cluster, by in texts.values_list("pk", "paper", "paper__cluster", "embedded_by"):
            if paper is not None and by == model:
                found[pk] = paper, cluster
    return found


def _must_regroup(old: list[Cluster], model: str) -> bool:
    """Whether much has come since all papers were grouped, or what came has moved a cluster's centre."""
    if not old or any(cluster.model_id != model for cluster in old):
        return True
    since = min(cluster.updated_at for cluster in old)
    if since == UNFINISHED:
        return True
    stored = Vector.objects.filter(created_at__gt=since).order_by("created_at").values_list("text", flat=True)
    came = _papers_of(list(stored), model)
    if len(came) > max(REGROUP_LEAST, REGROUP_SHARE * _embedded(model)):
        return True
    theirs = vectors_of(came, model)
    vectors: dict[int, list[np.ndarray]] = {}
    for text_id, (_, cluster_id) in came.items():
        if cluster_id is not None and text_id in theirs:
            vectors.setdefault(cluster_id, []).append(theirs[text_id])
    sizes = dict(Paper.objects.filter(cluster__in=vectors).order_by().values_list("cluster").annotate(n=Count("pk")))
    return any(_has_moved(_stored(cluster), np.stack(vectors[cluster.pk]), sizes[cluster.pk])
               for cluster in old if sizes.get(cluster.pk, 0) >= 5)


def _has_moved(centre: np.ndarray, arrivals: np.ndarray, size: int) -> bool:
    """Whether a cluster of this size, arrivals (n, dimension) included, has its centre elsewhere by now.

    The mean of the others points along `centre`; how long it is is taken from the arrivals.
    """
    length = float(np.clip((arrivals @ centre).mean(), 0.1, 1.0))
    mean = (size - len(arrivals)) * length * centre + arrivals.sum(axis=0)
    return float(mean @ centre) < MOVED * max(float(np.linalg.norm(mean)), 1e-12)


def _join_nearest(old: list[Cluster], model: str) -> ClusterUpdate:
    """Give the papers without a cluster the nearest one."""
    texts = Paper.objects.filter(cluster=None).exclude(search_text=None).values_list("search_text", flat=True)
    came = _papers_of(list(texts), model)
    theirs = vectors_of(came, model)
    lonely = [(came[text_id][0], vector) for text_id, vector in sorted(theirs.items())]
    if lonely:
        vectors = np.stack([vector for _, vector in lonely])
        nearest = (vectors @ np.stack([_stored(cluster) for cluster in old]).T).argmax(axis=1)
        joining = [(pk, old[place]) for (pk, _), place in zip(lonely, nearest.tolist(), strict=True)]
        for start in range(0, len(joining), TOGETHER):
            with short_write():  # one for all clusters: each for itself would cost more than the writing
                step: dict[int, list[int]] = {}
                for pk, cluster in joining[start:start + TOGETHER]:
                    step.setdefault(cluster.pk, []).append(pk)
                for cluster_pk, pks in step.items():
                    Paper.objects.filter(pk__in=pks).update(cluster=cluster_pk)
                Revision.grow(Revision.CLUSTERS)
    empty = Cluster.objects.filter(~Exists(Paper.objects.filter(cluster=OuterRef("pk"))))
    if empty.exists():
        with short_write():
            empty.delete()
    return ClusterUpdate(Cluster.objects.count(), len(lonely), False)


def _regroup(old: list[Cluster], model: str, started) -> ClusterUpdate:
    _, keys, vectors = kind_vectors(SearchText.PAPER, model)
    papers = {pk: (cluster, described) for pk, cluster, described in
              Paper.objects.order_by().values_list("pk", "cluster_id", "described")}
    present = [row for row, key in enumerate(keys) if int(key) in papers]
    pks, vectors = [int(keys[row]) for row in present], vectors[present]
    if not pks:
        return ClusterUpdate(0, 0, False)
    members = {pk: papers[pk][0] for pk in pks if papers[pk][0] is not None}
    labels = _grouped(vectors, np.array([members.get(pk, -1) for pk in pks]),
                      own=np.array([not papers[pk][1] for pk in pks]))
    named = _named(pks, labels)
    heirs = _heirs(old, pks, labels, members)
    with short_write():  # from here to the end in short steps; a process that dies between them leaves UNFINISHED
        for label, words in enumerate(named):
            cluster = heirs.get(label) or Cluster()
            cluster.label, cluster.terms, cluster.model_id = label_of(words), [list(pair) for pair in words], model
            cluster.centroid = _centre(vectors[labels == label]).astype("<f4").tobytes()
            cluster.save()
            heirs[label] = cluster
        kept = Cluster.objects.filter(pk__in=[cluster.pk for cluster in heirs.values()])
        kept.update(updated_at=UNFINISHED)
    moved = 0
    for label, cluster in heirs.items():
        arriving = [pks[row] for row in np.flatnonzero(labels == label) if members.get(pks[row]) != cluster.pk]
        moved += len(arriving)
        _assign(arriving, cluster)
    surplus = Cluster.objects.exclude(pk__in=[cluster.pk for cluster in heirs.values()])
    for cluster in surplus:
        _assign(list(cluster.papers.values_list("pk", flat=True)), None)
    with short_write():
        surplus.delete()
        kept.update(updated_at=started)  # vectors stored since then are new to it
    return ClusterUpdate(len(named), moved, True)


def _grouped(vectors: np.ndarray, before: np.ndarray, own: np.ndarray) -> np.ndarray:
    """`group` of the papers with words of their `own` (n,), where these are the most; the others join the nearest."""
    if own.all() or own.sum() * 2 <= len(own):
        return group(vectors, before)
    labels = np.empty(len(vectors), dtype=np.int64)
    labels[own] = group(vectors[own], before[own])
    centres = np.stack([_centre(vectors[own][labels[own] == label]) for label in range(int(labels[own].max()) + 1)])
    labels[~own] = (vectors[~own] @ centres.T).argmax(axis=1)
    return labels


def _named(pks: list[int], labels: np.ndarray) -> list[list[tuple[str, float]]]:
    """The distinctive terms of each label, from an even sample of the papers and at least some of every label.

    From titles and the papers' own abstracts; never from our descriptions.
    """
    step = max(1, len(pks) // NAMED_BY)
    rows = set(range(0, len(pks), step))
    for label in range(int(labels.max()) + 1):
        rows.update(np.flatnonzero(labels == label)[:NAMED_LEAST].tolist())
    chosen = sorted(rows)
    texts: dict[int, tuple[str, str]] = {}
    for start in range(0, len(chosen), 5000):
        wanted = [pks[row] for row in chosen[start:start + 5000]]
        texts.update((pk, (title, "" if described else abstract)) for pk, title, abstract, described in
                     Paper.objects.filter(pk__in=wanted).values_list("pk", "title", "abstract", "described"))
    return distinctive_terms([texts.get(pks[row], ("", "")) for row in chosen], labels[chosen])


def _heirs(old: list[Cluster], pks: list[int], labels: np.ndarray, members: dict[int, int]) -> dict[int, Cluster]:
    """Which new cluster takes over which old row: the pairing with the largest overlap of papers in total."""
    from scipy.optimize import linear_sum_assignment

    if not old:
        return {}
    member_of = np.array([members.get(pk, -1) for pk in pks])
    known = member_of >= 0
    overlap = np.zeros((int(labels.max()) + 1, len(old)))
    for row in range(len(overlap)):
        for column, cluster in enumerate(old):
            both = np.sum((labels == row) & (member_of == cluster.pk))
            either = np.sum(known & ((labels == row) | (member_of == cluster.pk)))
            overlap[row, column] = both / either if either else 0.0
    pairs = zip(*linear_sum_assignment(-overlap), strict=True)
    return {int(row): old[column] for row, column in pairs if overlap[row, column] >= SAME_MEMBERS}


def _assign(pks: list[int], cluster: Cluster | None) -> None:
    for start in range(0, len(pks), 500):
        with short_write():
            Paper.objects.filter(pk__in=pks[start:start + 500]).update(cluster=cluster)
            Revision.grow(Revision.CLUSTERS)


def _seeds(reduced: np.ndarray, number: int) -> np.ndarray:
    """Centres (number, directions) by Ward's method on all rows, or on a sample of many."""
    from sklearn.cluster import AgglomerativeClustering

    if len(reduced) > WARD_LIMIT:
        reduced = reduced[np.sort(np.random.default_rng(0).permutation(len(reduced))[:WARD_LIMIT])]
    return _centres(reduced, AgglomerativeClustering(number, linkage="ward").fit_predict(reduced))


def _centres(reduced: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.stack([reduced[labels == label].mean(axis=0) for label in sorted(set(labels[labels >= 0].tolist()))])


def _refined(reduced: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Labels (n,) of k-means started from these centres."""
    from sklearn.cluster import KMeans

    return KMeans(len(centres), init=centres, n_init=1).fit_predict(reduced)


def _centre(vectors: np.ndarray) -> np.ndarray:
    mean = vectors.mean(axis=0)
    return mean / max(float(np.linalg.norm(mean)), 1e-12)


def _stored(cluster: Cluster) -> np.ndarray:
    return np.frombuffer(cluster.centroid, dtype="<f4")
