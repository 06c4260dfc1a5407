"""Methods that win and lose together lie near each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from evaluations.arithmetic.behaviour import Behaviour, TooFew, behaviour, correlation_of_pairs, scaled
from evaluations.claims.verdicts import claim_list
from evaluations.figures.asked import Asked
from evaluations.figures.figure import Figure, NothingToDraw
from evaluations.figures.kinds.iqm import by_setting
from evaluations.figures.plots.scatter import Datum, scatter
from evaluations.models import Verdict
from evaluations.tables.build import build_settings_table
from evaluations.tables.table import Field
from papers.models import SearchText
from papers.search.encoder import model_id
from papers.search.vectors import vectors_of

TITLE = "Map by behaviour"
ABOUT = "Methods that win and lose on the same settings and seeds lie near each other, coloured by verdict."
BEHAVIOUR, TEXT = "behaviour", "text"
OPTIONS = {"near": "behaviour, or text: the same methods placed by their descriptions"}
MIXED, UNCLAIMED = "mixed", "unclaimed"
MARKS = {Verdict.CONFIRMED: 6.0, Verdict.REFUTED: 6.0, MIXED: 6.0, Verdict.INCONCLUSIVE: 5.0, UNCLAIMED: 4.0}
STEADY = 0.6  # correlation of two halves above which a map is worth reading closely
FIELDS = (Field("method", "Method", str), Field("title", "Title", str), Field("verdict", "Claims", str),
          Field("x", "x", float), Field("y", "y", float), Field("nearest", "Nearest", str),
          Field("correlation", "Correlation with it", float))


def choices(asked: Asked) -> Mapping[str, list[tuple[str, str]]]:
    return {"near": [(BEHAVIOUR, "where they win and lose"), (TEXT, "what their descriptions say")]}


def draw(asked: Asked) -> Figure:
    near = asked.option("near", (BEHAVIOUR, TEXT))
    metric = asked.column.key.partition("@")[0]
    table = build_settings_table(asked.arena, metric=metric, scale=asked.state.scale,
                                 methods=asked.slugs or None)
    found = behaviour(by_setting(table), asked.column.better)
    if isinstance(found, TooFew):
        raise NothingToDraw(f"{found.reason[:1].lower()}{found.reason[1:].rstrip('.')}")
    titles = {row.method: row.title for row in table.rows}
    texts = _texts(asked, found.names)
    alike = correlation_of_pairs(found.correlations, texts) if texts is not None else None
    if near == TEXT and texts is None:
        raise NothingToDraw("not all of these methods have a vector of their description yet")
    matrix = texts if near == TEXT and texts is not None else found.correlations
    places = found.places if near == BEHAVIOUR else scaled(np.sqrt(np.maximum(2 * (1 - matrix), 0)))
    verdicts, hrefs = _verdicts(asked), asked.methods(found.names)
    close = np.array(matrix)
    np.fill_diagonal(close, -np.inf)
    nearest = [int(place) for place in close.argmax(1)]
    data = [Datum(name, titles[name], x, y, f"{titles[name]}: {_in_words(verdicts.get(name, UNCLAIMED))}; nearest "
                  f"{titles[found.names[other]]} (correlation {matrix[place, other]:.2f})",
                  verdicts.get(name, UNCLAIMED), MARKS[verdicts.get(name, UNCLAIMED)], weight=0.5 + 0.5 * (
                      name in verdicts), href=hrefs[name])
            for place, (name, (x, y), other) in enumerate(zip(found.names, places, nearest, strict=True))]
    plot = scatter(data, "", "", logarithmic=False, square=True)
    records = tuple({"method": name, "title": titles[name], "verdict": _in_words(verdicts.get(name, UNCLAIMED)),
                     "x": x, "y": y, "nearest": titles[found.names[other]], "correlation": float(matrix[place, other])}
                    for place, (name, (x, y), other) in enumerate(zip(found.names, places, nearest, strict=True)))
    by = "descriptions" if near == TEXT else f"{asked.column.metric.lower()} in {len(found.settings)} setting" \
                                             f"{'s' * (len(found.settings) != 1)}"
    said = _how_text(alike) if near == TEXT else _how(found, titles, alike)
    pairs = sorted(((matrix[i, j], i, j) for i in range(len(matrix)) for j in range(i)), reverse=True)[:3]
    closest = "; ".join(f"{titles[found.names[i]]} and {titles[found.names[j]]} ({r:.2f})" for r, i, j in pairs)
    return Figure("behaviour", f"Methods by {by}: {asked.table.title}",
                  f"{len(found.names)} methods in a plane. Nearest pairs by correlation: {closest}.",
                  f"{said} Filled circle: claims confirmed; square: refuted; diamond: some of both; hollow: "
                  "inconclusive; small grey: no claim judged. The axes have no meaning of their own, nor unit.",
                  "scatter", plot, FIELDS, records, tuple(hrefs.values()))


def _how(found: Behaviour, titles: Mapping[str, str], alike: float | None) -> str:
    """What the map is made of, and how far it may be trusted."""
    said = [f"Near: methods whose scores go up and down together over {found.blocks} blocks (the seeds of "
            f"{', '.join(map(str, found.settings))}), each less the mean of its block and the method's own mean: not "
            "how good they are but where.", f"The plane keeps {found.told:.0%} of the distances."]
    worth = "it would come out much the same" if found.repeats >= STEADY else "only its coarse shape can be trusted"
    said.append("Two maps, each of one half of the seeds, agree on who is near whom with a correlation of "
                f"{found.repeats:.2f}: {worth}.")
    if alike is not None:
        said.append(f"With how alike the methods' descriptions are it correlates with {alike:.2f}.")
    if found.left_out:
        said.append(f"{len(found.left_out)} methods not measured in all of these, or without a change in them, are "
                    "left out.")
    return " ".join(said)


def _how_text(alike: float | None) -> str:
    said = "" if alike is None else f" Alike in text and alike in behaviour correlate with {alike:.2f} over the pairs."
    return f"Near: methods whose descriptions are alike (cosine of their vectors), those of the map by behaviour.{said}"


def _verdicts(asked: Asked) -> dict[str, str]:
    """By method, what became of its claims, all of them taken together."""
    statuses: dict[str, set[str]] = {}
    for standing in claim_list(arena=asked.arena):
        if standing.verdict is not None and standing.current:
            statuses.setdefault(standing.claim.method.slug, set()).add(standing.status)
    return {slug: MIXED if {Verdict.CONFIRMED, Verdict.REFUTED} <= of else next(
        status for status in (Verdict.CONFIRMED, Verdict.REFUTED, Verdict.INCONCLUSIVE) if status in of)
        for slug, of in statuses.items()}


def _in_words(verdict: str) -> str:
    return {MIXED: "some confirmed, some refuted", UNCLAIMED: "no claim judged"}.get(verdict, verdict)


def _texts(asked: Asked, names: Sequence[str]) -> np.ndarray | None:
    """Cosines of the methods' stored vectors; None where one has none."""
    keys = dict(SearchText.objects.filter(kind=SearchText.METHOD, key__in=[
        f"{asked.arena.slug}/{name}" for name in names]).values_list("key", "pk"))
    model = model_id()
    vectors = vectors_of(keys.values(), model) if model else {}
    ours = [vectors.get(keys.get(f"{asked.arena.slug}/{name}", 0)) for name in names]
    if any(vector is None for vector in ours):
        return None
    x = np.array(ours)
    return np.asarray(x @ x.T)
