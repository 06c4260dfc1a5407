"""Clusters as pages and programs read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import numpy as np
from django.db.models import Count

from papers.extensions import MethodCount, extensions
from papers.keeping import kept, stamp_of
from papers.models import Cluster, Paper, Revision, SearchText
from papers.search.fusion import Examples
from papers.search.hits import Hit
from papers.search.places import read_places
from papers.search.vectors import current_vectors
from papers.selectors import paper_count

MAP_WIDTH, MAP_HEIGHT, MARGIN = 900, 600, 14
MARKS = 1000  # papers drawn on a map
SERIES = 5  # colours of the stylesheet


@dataclass(frozen=True)
class ExampleShown:
    """An example that was given, its title ("" where there is no such text) and the others' address fields."""

    name: str
    title: str
    liked: bool
    rest: str


def examples_shown(examples: Examples) -> list[ExampleShown]:
    """The examples as the page lists them. One query."""
    given = [("like", *each) for each in examples.like] + [("unlike", *each) for each in examples.unlike]
    titles = {(kind, key): title for kind, key, title in SearchText.objects.filter(
        key__in=[key for *_, key in given]).values_list("kind", "key", "title")} if given else {}
    text = [("text", examples.text[:1000])] if examples.text else []
    fields = [(side, f"{kind}:{key}") for side, kind, key in given]
    return [ExampleShown(name, titles.get((kind, key), ""), side == "like", urlencode(
                [field for field in fields if field != (side, name)] + text))
            for (side, name), (_, kind, key) in zip(fields, given, strict=True)]


def withdrawn_among(hits: Sequence[Hit]) -> set[str]:
    """The keys of the papers among the hits that were withdrawn or retracted. One query."""
    return {str(pk) for pk in Paper.objects.filter(withdrawn=True, pk__in=[
        int(hit.key) for hit in hits if hit.kind == SearchText.PAPER]).values_list("pk", flat=True)}


@dataclass(frozen=True)
class Mark:
    """A paper on the map, in SVG units."""

    paper: int
    title: str
    x: float
    y: float
    series: int
    inside: bool


@dataclass(frozen=True)
class MapLabel:
    cluster: int
    label: str
    x: float
    y: float


@dataclass(frozen=True)
class PaperMap:
    """The papers' vectors on a plane; `shown` of `papers` are drawn."""

    marks: tuple[Mark, ...]
    labels: tuple[MapLabel, ...]
    papers: int
    width: int = MAP_WIDTH
    height: int = MAP_HEIGHT

    @property
    def shown(self) -> int:
        return len(self.marks)


def cluster_sizes() -> dict[int, int]:
    """How many papers each cluster has, by its primary key; counted when papers have come, gone or moved."""
    stamp = f"{Revision.of(Revision.VECTORS)} {Revision.of(Revision.CLUSTERS)}"
    return kept("cluster-sizes", stamp, lambda: dict(
        Paper.objects.exclude(cluster=None).order_by().values_list("cluster").annotate(Count("pk"))))


def cluster_list() -> list[Any]:
    """The clusters that have papers, the largest first, each with its `size`."""
    sizes = cluster_sizes()
    clusters: Any = list(Cluster.objects.defer("centroid"))  # with sizes
    for cluster in clusters:
        cluster.size = sizes.get(cluster.pk, 0)
    return sorted((cluster for cluster in clusters if cluster.size), key=lambda each: (-each.size, each.label))


def cluster_papers(cluster: Cluster) -> tuple[list[int], dict[int, float]]:
    """The cluster's papers, the most central first, and each one's cosine to the centre where it has a vector."""
    stamp = stamp_of(Revision.of(Revision.VECTORS), Revision.of(Revision.CLUSTERS), cluster.updated_at)
    return kept(f"cluster-{cluster.pk}", stamp, lambda: _from_the_centre(cluster))


def _from_the_centre(cluster: Cluster) -> tuple[list[int], dict[int, float]]:
    pks = list(cluster.papers.order_by("pk").values_list("pk", flat=True))
    rows = current_vectors(cluster.model_id).filter(
        text__paper__cluster=cluster).values_list("text__paper", "values")
    centre = np.frombuffer(cluster.centroid, dtype="<f4")
    central = {pk: float(np.frombuffer(values, dtype="<f4") @ centre) for pk, values in rows}
    return sorted(pks, key=lambda pk: (-central.get(pk, -1.0), pk)), central


def cluster_methods(cluster: Cluster) -> list[MethodCount]:
    """The methods the cluster's papers link to: those that implement most of its papers first."""
    return sorted(extensions.method_counts(cluster.papers.all()),
                  key=lambda method: (-method.implements, -method.related, method.title))


def cluster_neighbours(cluster: Cluster, count: int = 5) -> list[tuple[Cluster, float]]:
    """The clusters whose centres are nearest, with the cosine between the centres."""
    centre = np.frombuffer(cluster.centroid, dtype="<f4")
    others = Cluster.objects.filter(model_id=cluster.model_id, pk__in=cluster_sizes()).exclude(pk=cluster.pk)
    near = [(other, float(np.frombuffer(other.centroid, dtype="<f4") @ centre)) for other in others]
    return sorted(near, key=lambda pair: (-pair[1], pair[0].pk))[:count]


def cluster_verdict_papers(cluster: Cluster) -> int:
    """How many of the cluster's papers have a verdict of a full run."""
    return cluster.papers.exclude(extensions.filters["verdict"].condition("none")).count()


def paper_map(cluster: Cluster | None = None) -> PaperMap | None:
    """Papers on a plane, an even sample of those that have a place, those of one cluster marked; None while a worker
    has made no map."""
    stored = read_places()
    if stored is None:
        return None
    step = max(1, -(-len(stored[0]) // MARKS))
    text_ids, places = (array[::step] for array in stored)
    drawn = SearchText.objects.filter(pk__in=text_ids.tolist()).exclude(paper=None).values_list(
        "pk", "paper", "title", "paper__cluster")
    papers = {text_id: (pk, title, member_of) for text_id, pk, title, member_of in drawn}
    clusters = {known.pk: (number, known) for number, known in enumerate(cluster_list())}
    marks: list[Mark] = []
    spots: dict[int | None, list[tuple[float, float]]] = {}
    for text_id, (x, y) in zip(text_ids.tolist(), places.tolist(), strict=True):
        paper = papers.get(text_id)
        if paper is None:
            continue
        pk, title, member_of = paper
        x, y = MARGIN + x * (MAP_WIDTH - 2 * MARGIN), MARGIN + (1 - y) * (MAP_HEIGHT - 2 * MARGIN)
        spots.setdefault(member_of, []).append((x, y))
        series = clusters[member_of][0] % SERIES + 1 if member_of in clusters else 1
        marks.append(Mark(pk, title, round(x, 1), round(y, 1), series, cluster is None or member_of == cluster.pk))
    shown = [clusters[pk][1] for pk in clusters if pk in spots and (cluster is None or pk == cluster.pk)]
    return PaperMap(tuple(sorted(marks, key=lambda mark: mark.inside)), _labels(shown, spots), paper_count())


def _labels(clusters: list[Cluster], spots: dict[int | None, list[tuple[float, float]]]) -> tuple[MapLabel, ...]:
    """A name at the middle of each cluster, the largest first, leaving out those that would cover another."""
    placed: list[MapLabel] = []
    for cluster in clusters:
        x, y = np.median(np.array(spots[cluster.pk]), axis=0)
        used = {label.label for label in placed}
        names = cluster.label.split(", ")
        name = next((name for name in names if name.lower() not in {label.lower() for label in used}), names[0])
        half = 3.6 * len(name)
        x = float(np.clip(x, half, MAP_WIDTH - half))
        if all(abs(x - label.x) > half + 3.6 * len(label.label) or abs(y - label.y) > 15 for label in placed):
            placed.append(MapLabel(cluster.pk, name, round(x, 1), round(float(y), 1)))
    return tuple(placed)
