"""The claims of an arena's papers against what was measured of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.urls import reverse

from evaluations.claims.verdicts import ClaimStanding, claim_list
from evaluations.figures.asked import Asked
from evaluations.figures.figure import Figure, FigureError, NothingToDraw
from evaluations.figures.plots.forest import ForestPlot, forest_plots
from evaluations.reported.beside import reported_beside
from evaluations.tables.table import Field

TITLE = "Claims against measurements"
ABOUT = "What the papers claim, as paired differences with intervals; right of zero supports the claim."
OPTIONS = {"unit": "the unit whose claims are drawn; the one with most of them when left out"}
FIELDS = (Field("claim", "Claim", int), Field("method", "Method", str), Field("sentence", "Claims", str),
          Field("setting", "Setting", str), Field("difference", "Difference", float), Field("low", "95 % low", float),
          Field("high", "95 % high", float), Field("p_value", "p", float), Field("seeds", "Seeds", int),
          Field("status", "Verdict", str), Field("stale", "Older code", bool))
CAPTION = (
    "Mark: paired difference; bar: 95 % interval, one without an end stroke goes on beyond the frame; an arrow with a "
    "number stands for a difference that lies there. Filled circle: confirmed; square: refuted; hollow circle: "
    "inconclusive, also where the interval alone leaves zero but the allowance for many claims does not. Of a claim at "
    "a lower cost the first half is drawn. Pale: measured with older code.")
DIAMONDS = ("Dashed diamond: a gain that the paper reports of its own experiment, quoted and not measured here; it "
            "takes no part in order, scale or test.")


def draw(asked: Asked) -> Figure:
    """The claims of every setting, those with the smallest p where there are more than `rows`."""
    standings = surest(claim_list(arena=asked.arena), asked.most)
    found = forest_figures(standings)
    if not found:
        raise NothingToDraw("no claim of this arena is measured yet")
    units = [figure.plot.unit for figure in sorted(found, key=lambda of: -len(of.records))]
    unit = asked.options.get("unit") or units[0]
    chosen = [figure for figure in found if figure.plot.unit == unit]
    if not chosen:
        raise FigureError(f"no measured claim is in {unit[:40]}; there are {', '.join(units)}")
    return chosen[0]


def choices(asked: Asked) -> Mapping[str, list[tuple[str, str]]]:
    found = sorted(forest_figures(surest(claim_list(arena=asked.arena), asked.most)), key=lambda of: -len(of.records))
    return {"unit": [(figure.plot.unit, figure.plot.unit) for figure in found]}


def surest(claims: Sequence[ClaimStanding], most: int | None) -> Sequence[ClaimStanding]:
    """The claims, or of too many those with the smallest p."""
    decided = [standing for standing in claims if standing.verdict is not None]
    if most is None or len(decided) <= most:
        return claims
    return sorted(decided, key=lambda standing: (standing.decided.p_value, standing.claim.pk))[:most]


def forest_figures(standings: Sequence[ClaimStanding]) -> list[Figure]:
    """One for each unit, of any claims; four queries at most."""
    plots = forest_plots(standings, reported_beside({standing.claim.method_id for standing in standings}))
    by_claim = {standing.claim.pk: standing for standing in standings}
    return [_figure(plot, by_claim) for plot in plots]


def _figure(plot: ForestPlot, by_claim: Mapping[int, ClaimStanding]) -> Figure:
    records = []
    for row in plot.rows:
        claim, verdict = by_claim[row.claim].claim, by_claim[row.claim].decided
        records.append({"claim": claim.pk, "method": claim.method.title, "sentence": row.sentence,
                        "setting": claim.setting, "difference": verdict.difference, "low": verdict.low,
                        "high": verdict.high, "p_value": verdict.p_value, "seeds": verdict.n, "status": verdict.status,
                        "stale": row.stale})
    idle = plot.idle
    waiting = f"{idle} claim{'s' * (idle != 1)} not measured yet {'are' if idle != 1 else 'is'} not drawn." * bool(idle)
    caption = " ".join(filter(None, (CAPTION, DIAMONDS * bool(plot.reported), waiting)))
    return Figure("forest", plot.title, plot.description, caption, "forest", plot, FIELDS, tuple(records),
                  tuple(reverse("claim_detail", args=[record["claim"]]) for record in records), key=plot.key)
