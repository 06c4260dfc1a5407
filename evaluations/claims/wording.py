"""What a claim says and what became of it, in plain words: the one place for pages, feeds, the API, mails and files.

Methods go by their titles, metrics and settings by theirs; a difference in percent is told in points, and always in
the direction in which the numbers went, whatever was claimed.
"""

from __future__ import annotations

import re

from evaluations.arithmetic import rounding
from evaluations.claims.verdicts import ClaimStanding
from evaluations.models import Claim, Verdict

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
KINDS = BEATS, MATCHES, GROWS, WITHSTANDS = "Beats", "Matches", "GainGrows", "Withstands"
HEAD = re.compile(r" (?:of|to|over|under|on|from|when|kept|left|passed)\b")  # what follows a noun in a metric's title


def claimed(claim: Claim) -> str:
    """What is claimed, without the method that it is claimed of."""
    if claim.kind not in KINDS:
        return claim.sentence
    metric, rival = metric_words(claim), claim.rival_title
    if claim.kind == BEATS:
        return f"{'lower' if _falls(claim) else 'higher'} {metric} than {rival}{_by(claim)}"
    if claim.kind == MATCHES:
        return f"{metric} within {_amount(claim, claim.margin)} of {rival}{_cheaper(claim)}"
    start, end = _ends(claim)
    if claim.kind == GROWS:
        return f"a larger lead over {rival} in {metric} in {end} than in {start}{_by(claim)}"
    return f"{metric} suffers less than that of {rival} from {start} to {end}{_by(claim)}"


def statement(claim: Claim) -> str:
    """The claim with its method; a setting other than the main one is named."""
    return f"{claim.method.title}: {claimed(claim)}{_where(claim)}"


def sentence(standing: ClaimStanding) -> str:
    """The claim and what became of it, in one sentence."""
    claim, verdict = standing.claim, standing.verdict
    if claim.kind not in KINDS:
        return f"{statement(claim)}: {standing.status}."
    if verdict is None:
        return f"Not measured yet: whether {_question(claim)}."
    older = ", by older code" if standing.stale else ""
    seeds = f"{counted(verdict.n)} seed{'' if verdict.n == 1 else 's'}"
    if verdict.status == Verdict.INCONCLUSIVE:
        more = f"; about {verdict.seeds_needed:,} more may decide it" if verdict.seeds_needed else ""
        return (f"{seeds[:1].upper()}{seeds[1:]} cannot tell whether {_question(claim)}: {_gap(claim, verdict)}{more}"
                f"{older}.")
    if verdict.p_value == 0 and verdict.effect_size is None:
        agree = f"the same at each of {seeds}" + (
            "" if verdict.status == Verdict.CONFIRMED else ", which refutes the claim")
    else:
        agree = f"{seeds} {'agree' if verdict.status == Verdict.CONFIRMED else 'refute the claim'}"
    return f"{_outcome(claim, verdict)}; {agree}{older}."


def counted(number: int) -> str:
    """A small number as a word."""
    return NUMBERS[number] if 0 <= number < len(NUMBERS) else f"{number:,}"


def metric_words(claim: Claim) -> str:
    """The title of its metric, as it stands inside a sentence."""
    title = claim.method.arena.metric(claim.metric)["title"]
    return title[:1].lower() + title[1:] if title[1:2].islower() else title


def lead(claim: Claim, verdict: Verdict) -> float:
    """How far the method is ahead, without the margin that was claimed."""
    return verdict.difference - claim.margin


def _question(claim: Claim) -> str:
    title, rival, metric = claim.method.title, claim.rival_title, metric_words(claim)
    if claim.kind == BEATS:
        has = f"has {_less(metric)}" if _falls(claim) else "reaches more"
        return f"{title} {has} {metric} than {rival}{_by(claim)}{_where(claim)}"
    if claim.kind == MATCHES:
        return (f"{title} stays within {_amount(claim, claim.margin)} of {rival} in {metric}{_cheaper(claim)}"
                f"{_where(claim)}")
    start, end = _ends(claim)
    if claim.kind == GROWS:
        return f"the lead of {title} over {rival} in {metric} is larger in {end} than in {start}{_by(claim)}"
    return f"{title} suffers less in {metric} than {rival} from {start} to {end}{_by(claim)}"


def _outcome(claim: Claim, verdict: Verdict) -> str:
    ahead, title, rival, metric = lead(claim, verdict), claim.method.title, claim.rival_title, metric_words(claim)
    size = _amount(claim, ahead, verdict)
    if claim.kind == BEATS:
        wanted = f", where more than {_amount(claim, -claim.margin)} was claimed" if claim.margin and ahead > 0 and \
            verdict.status == Verdict.REFUTED else ""
        if ahead == 0:
            return f"{title} and {rival} are equal in {metric}{_where(claim)}"
        if _falls(claim):
            share = _less(metric) if ahead > 0 else "more"
            return f"{title} has {size} {share} {metric} than {rival}{_where(claim)}{wanted}"
        share = "more" if ahead > 0 else _less(metric)
        return f"{title} reaches {size} {share} {metric} than {rival}{_where(claim)}{wanted}"
    if claim.kind == MATCHES:
        stands = f"equal to {rival}" if ahead == 0 else f"{size} {'ahead of' if ahead > 0 else 'behind'} {rival}"
        claim_is = f"claimed: at most {_amount(claim, claim.margin)} behind" if ahead < 0 else ""
        return f"{title} is {stands} in {metric}{_where(claim, claim_is)}{_spent(verdict)}"
    start, end = _ends(claim)
    if claim.kind == GROWS:
        change = "no larger" if ahead == 0 else f"{size} {'larger' if ahead > 0 else 'smaller'}"
        return f"The lead of {title} over {rival} in {metric} is {change} in {end} than in {start}"
    change = "as much" if ahead == 0 else f"{size} {'less' if ahead > 0 else 'more'}"
    return f"{title} suffers {change} in {metric} {'as' if ahead == 0 else 'than'} {rival} from {start} to {end}"


def _gap(claim: Claim, verdict: Verdict) -> str:
    ahead = lead(claim, verdict)
    if claim.kind in (BEATS, MATCHES):
        return f"measured {_amount(claim, ahead, verdict)} {'ahead' if ahead >= 0 else 'behind'}"
    return f"measured {_amount(claim, ahead, verdict)} {'for' if ahead >= 0 else 'against'} it"


def _spent(verdict: Verdict) -> str:
    cost = verdict.cost
    if not cost:
        return ""
    if not cost["recorded"] or cost["difference"] is None:
        return f"; its cost, {cost['cost']}, is not measured"
    saved, half = cost["difference"], (cost["high"] - cost["low"]) / 2
    number = rounding.number(abs(saved), rounding.decimals([saved], [half]))
    unit, name = cost["unit"], cost["cost"]
    what = name if not unit or unit in name or name.startswith(unit) else f"{unit} of {name}"
    if saved == 0:
        return f" at the same cost in {name}"
    return f" and takes {number} {_less(what) if saved > 0 else 'more'} {what}"


def _cheaper(claim: Claim) -> str:
    return f" at a lower cost in {claim.cost}" if claim.cost else ""


def _by(claim: Claim) -> str:
    return f" by more than {_amount(claim, -claim.margin)}" if claim.margin else ""


def _where(claim: Claim, besides: str = "") -> str:
    """In brackets the setting, where it is not the main one and the claim does not speak of it anyhow."""
    plain = claim.setting == "default" or claim.kind in (GROWS, WITHSTANDS)
    said = [words for words in ("" if plain else _setting(claim, claim.setting), besides) if words]
    return f" ({'; '.join(said)})" if said else ""


def _ends(claim: Claim) -> tuple[str, str]:
    """The settings that a claim about a change goes from and to."""
    other = next((term["setting"] for term in claim.terms if term["setting"] != claim.setting), claim.setting)
    return f"“{_setting(claim, other)}”", f"“{_setting(claim, claim.setting)}”"


def _setting(claim: Claim, name: str) -> str:
    return next((each["title"] for each in claim.method.arena.settings if each["name"] == name), name)


def _falls(claim: Claim) -> bool:
    return claim.method.arena.metric(claim.metric)["better"] == "lower"


def _less(metric: str) -> str:
    noun = HEAD.split(metric)[0]
    return "fewer" if noun.endswith("s") and not noun.endswith("ss") else "less"


def _amount(claim: Claim, value: float, verdict: Verdict | None = None) -> str:
    """The size of a difference with its unit; rounded by the interval where it was measured."""
    metric = claim.method.arena.metric(claim.metric)
    if verdict is None:
        number = f"{abs(value):,g}"
    else:
        places = rounding.decimals([verdict.difference], [(verdict.high - verdict.low) / 2])
        number = rounding.number(abs(value), places)
    unit = "points" if metric["unit"] == "%" else metric["unit"]
    if unit == "points" and number == "1":
        unit = "point"
    return f"{number} {unit}" if unit and unit not in metric["title"].lower() else number
