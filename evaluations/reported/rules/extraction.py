"""Reported results of an abstract: each number with unit, metric, dataset, rival and the exact words it stands in.

Rules, no model: a number's unit is read from the words beside it, its list or range, or the metric that leads to it;
numbers that name, date, enumerate or size things are no results. Sizes with a noun are kept as kind "scale".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest

from evaluations.reported.rules.numbers import BARE, RESULT, SCALE, Number, find_numbers
from evaluations.reported.rules.sentences import sentences, without_names
from evaluations.reported.rules.surroundings import dataset_of, datasets_in_turn, metric_of, quote_span, versus_of
from evaluations.reported.rules.vocabulary import (
    COMPARES,
    GENERIC,
    METRIC,
    SHARES,
    WORD_NUMBERS,
    metric_name,
)

_LEADS = re.compile(r"(?:[\s,(:=~-]|\b(?:scores?|values?|rates?|results?|performance|of|is|are|was|were|to|at|by|from|"
                    r"reach(?:es|ed|ing)?|increas(?:es|ed|ing)|improv(?:es|ed|ing)|decreas(?:es|ed|ing)|drops?|up|about|"
                    r"approximately|around|over|nearly|almost|roughly|above|below|only|just|merely|as|high|low|"
                    r"respectively|more|less|than|and|averag(?:e|es|ed|ing)|achiev(?:es|ed|ing)|a|an|the|\w{1,6}\))"
                    r"|\(\w+\)|\\?sim|\\?approx)*")
_GOES_TO = re.compile(r"(?:\b(?:of|to|from|by|at|than|over|is|was|are|only|with|averaging|reaching|reaches|were|"
                      r"achieves?|achieving|scores?|scoring|about|around|and|vs\.?|versus|against|=)|[(=:~])\s?(?:\\?sim|~)?$")
_CONFIDENCE = re.compile(r"^[\s)\\%]*(?:confidence|credible|CI\b|CIs\b|significance|prediction interval)")
_SETTING_BEFORE = re.compile(r"(?:mask(?:ing|ed)?(?: ratio| rate)?(?: of)?|dropout|noise|sparsity (?:of|level)|"
                             r"(?<!compression )(?:ratio|rate) of|probability(?: of)?)\s"
                             r"(?:\w+\s)?\(?(?:e\.g\.,? |about |up to |of )*$",
                             re.I)
_LABELS_AFTER = re.compile(r"^\s?(?:of\s)?(?:the\s|its\s|all\s)?(?:available\s|human[- ]|training\s|manual\s)?"
                           r"(?:label|annotat|noise|noisy|corrupt|mask|dropout)", re.I)
_DATA_AFTER = re.compile(r"^\s?(?:of\s)?(?:the\s|its\s|all\s)?(?:original\s|entire\s|full\s|training\s|labell?ed\s)?"
                         r"(?:data\b|samples?\b|examples?\b|dataset)", re.I)
_ONLY = re.compile(r"\b(?:only|just|merely|mere|less|fewer|as little as|as few as|reduc\w*|sav\w*|cut\w*|by|than)\s"
                   r"(?:\w+\s)?(?:by |about |to |up to |around |sim)?$", re.I)
_SAVES = re.compile(r"\b(?:sav|reduc|cut|less|fewer)\w*\s(?:\w+\s){0,3}$", re.I)
_SAVED = re.compile(r"[KMGTP]?(?:FLOPs?|MACs?|B)|\w*FLOPs?", re.I)
_TIME_CUE = re.compile(r"\b(?:tak(?:es?|ing)|within|runs?|running|train\w*|infer\w*|latenc\w*|requir\w*|cost\w*|"
                       r"speed\w*|fast\w*|in (?:less|under|about|only|just)|in|under|from|to|only|just|"
                       r"comput\w*)\b", re.I)
_TIME_UNIT = re.compile(r"seconds|minutes|hours|days|secs|mins|hrs|^ms$|^s$")
_TIME_OF = re.compile(r"^\s?-?(?:long|old|ahead|horizon|of (?:speech|audio|video|data|recordings?|labell?ed|talk)|"
                      r"audio|speech|video|clips?|recordings?|window|segments?|periods?|duration|chunks?|forecast\w*|context|"
                      r"challenge|later|ago|intervals?|resolution)", re.I)
_IMPROVES = re.compile(r"\b(?:outperform|surpass|exceed|beat|improv|boost|increas|rais|reduc|decreas|drop|lower|gain|"
                       r"enhanc|push|lift|better)\w*\b", re.I)
_ACHIEVES = re.compile(r"\b(?:achiev|reach|attain|obtain|scor|yield|get)\w*\s(?:an?\s|about\s|around\s|up to\s|over\s|"
                       r"(?:average|mean|overall|total) of\s|sim)*$")
_ON_NAME = re.compile(r"\s(?:on|in)\s(?:the\s)?[A-Z]")
_ITEM_AFTER = re.compile(r"\s?(?:on|for|in|to|\(|\)|,|and|respectively)(?![\w])")
_FRACTION = re.compile(r"(?<![\w/.])1/(\d{1,4})(?:th|rd|nd)?(?=\s(?:of|the|as|the)\b)")
_PARTS = {name: 1 / number for number, name in enumerate((
    "half", "third", "quarter", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"), 2)} | {
    "fourth": 1 / 4, "hundredth": 1 / 100}
_PART = re.compile(rf"\b(?:(?:one|an?)[ -])?(?P<part>{'|'.join(_PARTS)})(?=\s(?:of|the|as|its)\b)")
_FRACTION_CUE = re.compile(r"\b(?:only|just|requir\w*|with|using|us\w*|at|about|less than)\s(?:\w+\s)?$", re.I)
_MULTIPLE_WORDS = (
    (re.compile(r"\b(?:doubl(?:es|ed|ing)(?= the| its| their)|(?<!for )"
                r"twice(?= (?:as|the|faster|more|better|larger|smaller))|(?<=more than )twice|(?<=by )twice)\b",
                re.I), 2.0),
    (re.compile(r"\btripl(?:es|ed|ing)(?= the| its| their)\b", re.I), 3.0),
    (re.compile(r"\bquadrupl(?:es|ed|ing)(?= the| its| their)\b", re.I), 4.0),
    (re.compile(rf"\btwofold(?=\s(?:\w+\s)?(?:{COMPARES}))", re.I), 2.0),
    *((re.compile(rf"\b{name}fold\b(?!\s?-?cross)", re.I), float(number)) for name, number in WORD_NUMBERS.items()
      if number > 2),
    *((re.compile(rf"(?:(?<=\bby )|(?<=least )|(?<=up to ))(?:{count}) orders? of magnitude\b"
                  rf"|\b(?:{count}) orders? of magnitude(?=\s(?:\w+\s)?(?:{COMPARES}))", re.I), factor)
      for count, factor in (("an|one|1", 10.0), ("two|2", 100.0), ("three|3", 1000.0))),
)


TEXT_LIMIT = 10_000  # characters; no abstract is longer
SENTENCE_LIMIT = 2_000  # longer is a table or an accident, and would cost time that grows with its square


@dataclass(frozen=True, slots=True)
class Reported:
    """One number an abstract reports. text[start:end] == quote, and the number stands at value_start:value_end.

    `kind` is "result" or "scale" (a size: parameters, tokens, languages). A value is multiplied out, so 2.7B is
    2.7e9; a range gives two, its ends. Units: "%", "% absolute", "points", "x", "plain" (a fraction of one), a metric's
    name, "seconds" and the like, "$", "tasks of 9", and for scale what is counted ("" when the text does not say).
    """

    value: float
    unit: str
    kind: str
    metric: str
    dataset: str
    versus: str
    quote: str
    start: int
    end: int
    value_start: int
    value_end: int


def extract(text: str) -> list[Reported]:
    """The results and scale facts of an abstract, in the order they stand in it."""
    plain = without_names(text[:TEXT_LIMIT])
    found: list[Reported] = []
    for begin, end in sentences(text[:TEXT_LIMIT]):
        if end - begin > SENTENCE_LIMIT:
            continue
        numbers = find_numbers(plain, begin, end)
        _take_metric_units(numbers, plain, begin)
        for number in numbers:
            _judge(number, plain, begin, end)
        numbers += _multiples(plain, begin, end, numbers)
        kept = sorted((number for number in numbers if number.kind in (RESULT, SCALE)), key=lambda n: n.start)
        in_turn = _datasets_in_turn(kept, text, end)
        found += [_reported(number, text, plain, begin, end, in_turn.get(id(number), "")) for number in kept]
    return found


def _datasets_in_turn(numbers: list[Number], text: str, end: int) -> dict[int, str]:
    """By number's id: its dataset, where a list of numbers is followed by as many names."""
    named: dict[int, str] = {}
    row: list[Number] = []
    for number, following in zip_longest(numbers, numbers[1:]):
        row.append(number)
        if following and following.joined and not following.spread and following.unit == number.unit:
            continue
        names = datasets_in_turn(text, row[-1].end, end, len(row))
        named |= {id(of): name for of, name in zip(row, names, strict=False)}
        row = []
    return named


def _take_metric_units(numbers: list[Number], text: str, begin: int) -> None:
    """A bare number takes the metric that leads to it: "a BLEU score of 34.8", "F1 of 0.91, 0.93 and 0.88"."""
    last: Number | None = None
    named = list(METRIC.finditer(text, begin, numbers[-1].start)) if numbers else []
    for number in numbers:
        if number.kind == RESULT:
            if number.unit in ("points",) or number.metric:
                last = number
            continue
        if number.kind != BARE:
            continue
        metrics = [match for match in named if match.end() <= number.start][-2:]
        near = metrics[-1] if metrics else None
        if near and (_LEADS.fullmatch(text, near.end(), number.start) or _listed(number, last)):
            if last and _listed(number, last) and not _LEADS.fullmatch(text, near.end(), number.start):
                number.metric, number.unit, number.kind = last.metric, last.unit, RESULT
            elif number.decimal or number.value > 1 and metric_name(near) != "loss":
                _own_scale(number, _named(metrics), text)
        elif near and number.decimal and _GOES_TO.search(text, begin, number.start):
            _own_scale(number, _named(metrics), text)
        elif number.decimal and number.value <= 100 and _ACHIEVES.search(text, begin, number.start) \
                and _ON_NAME.match(text, number.end):
            number.kind, number.unit = RESULT, "points"  # "achieves 76.2 on Name"
        elif number.decimal and last and (number.joined or _GOES_TO.search(text, begin, number.start)):
            number.metric, number.unit, number.kind = last.metric, last.unit, RESULT
        elif number.decimal and last and _ITEM_AFTER.match(text, number.end) \
                and re.search(r"(?:[,;(]|\band)\s?$", text[begin:number.start]):
            number.metric, number.unit, number.kind = last.metric, last.unit, RESULT  # ", 58.8 on Name"
        if number.kind == RESULT:
            last = number
    _compared_bare(numbers, text, begin)


def _compared_bare(numbers: list[Number], text: str, begin: int) -> None:
    """Decimals with no unit that a comparison shows to be results: "by 2.4", "+2.4", "from 1.2 to 3.4", "1.2 vs 3"."""
    for first, second in zip(numbers, numbers[1:], strict=False):
        versus = re.fullmatch(r"\s?\(?(?:vs\.?|v\.s\.|versus|compared (?:to|with))\s", text[first.end:second.start])
        if versus and first.kind == RESULT and second.kind == BARE:
            second.kind, second.unit, second.metric = RESULT, first.unit, first.metric
        elif first.kind == second.kind == BARE and first.decimal and second.decimal:
            goes = second.spread and re.search(r"\bfrom\s$", text[begin:first.start]) and _IMPROVES.search(text, begin)
            if versus or goes:
                first.kind = second.kind = RESULT
                first.unit = second.unit = "points"
    before: Number | None = None
    for number in numbers:
        if number.kind == BARE and number.decimal:
            gains = re.search(r"\bby\s(?:\+|up to |over |about |sim|an average of )?$", text[begin:number.start]) \
                and _IMPROVES.search(text, max(begin, number.start - 80), number.start)
            if gains or text[number.start - 1:number.start] == "+" or (number.joined and before):
                number.kind, number.unit = RESULT, "points"
        before = number if number.kind == RESULT and number.unit == "points" else None


def _listed(number: Number, last: Number | None) -> bool:
    return bool(number.joined and last and last.unit not in ("%", "x", "$") and last.end <= number.start)


def _named(metrics: list[re.Match]) -> re.Match:
    """The nearest metric; "BLEU score" and "AP accuracy" are named by the word before."""
    near = metrics[-1]
    if metric_name(near) == "score" and len(metrics) > 1 and near.start() - metrics[-2].end() <= 2:
        return metrics[-2]
    return near


def _own_scale(number: Number, metric: re.Match, text: str) -> None:
    name = metric_name(metric)
    number.metric, number.kind = name, RESULT
    change = re.search(r"\bby\s(?:\w+\s){0,2}$", text[max(0, number.start - 25):number.start])
    number.unit = name if name not in GENERIC else "plain" if number.value <= 1 else \
        "%" if name in SHARES and not change else "points"


def _judge(number: Number, text: str, begin: int, end: int) -> None:
    """Take back what the words around a number show to be a setting of the experiment."""
    before, after = text[max(begin, number.start - 40):number.start], text[number.end:min(end, number.end + 60)]
    if number.unit.startswith("%"):
        share_of_data = _DATA_AFTER.match(after) and not _ONLY.search(before)
        if _CONFIDENCE.match(after) or _SETTING_BEFORE.search(before):
            number.kind = BARE
        elif _LABELS_AFTER.match(after) and not _SAVES.search(before) or share_of_data:
            number.kind = SCALE
    elif number.kind == RESULT and _TIME_UNIT.search(number.unit):
        if _TIME_OF.match(after) or not _TIME_CUE.search(before):
            number.kind = SCALE
    elif number.kind == SCALE and _SAVED.fullmatch(number.unit) and _SAVES.search(before):
        number.kind = RESULT  # "saving at least 35.4G FLOPs"
    elif number.kind == SCALE and number.word:
        number.kind = BARE  # "three tasks" sizes nothing worth a record
    elif number.kind == SCALE and number.unit == "times":
        number.kind = BARE
    elif number.kind == RESULT and number.unit == "$" and not re.search(r"[\d)]", text[number.start:number.end]):
        number.kind = BARE


def _multiples(text: str, begin: int, end: int, numbers: list[Number]) -> list[Number]:
    """Multiples told in words or as a fraction: "tripling", "an order of magnitude faster", "1/7th of the cost"."""
    found = [Number(match.start(), match.end(), value, "x", RESULT, word=True)
             for pattern, value in _MULTIPLE_WORDS for match in pattern.finditer(text, begin, end)]
    found += [Number(match.start(), match.end(), 1 / int(match[1]), "x", RESULT)
              for match in _FRACTION.finditer(text, begin, end)
              if int(match[1]) > 1 and _FRACTION_CUE.search(text, begin, match.start())]
    found += [Number(match.start(), match.end(), _PARTS[match["part"]], "x", RESULT, word=True)
              for match in _PART.finditer(text, begin, end) if _FRACTION_CUE.search(text, begin, match.start())]
    for number in found:
        for other in numbers:
            if other.start < number.end and number.start < other.end:
                other.kind = BARE
    return found


def _reported(number: Number, text: str, plain: str, begin: int, end: int, dataset: str) -> Reported:
    start, stop = quote_span(text, begin, end, number.start, number.end)
    metric = number.metric or metric_of(number, plain, begin, end)
    return Reported(value=round(number.value, 6), unit=number.unit, kind=number.kind, metric=metric,
                    dataset=dataset or dataset_of(text, begin, end, number),
                    versus=versus_of(text, begin, end, number),
                    quote=text[start:stop], start=start, end=stop, value_start=number.start, value_end=number.end)
