"""Numbers of a text with the unit that stands by each: percent, points, multiples, metrics, durations, counts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from evaluations.reported.rules.vocabulary import (
    COMPARES,
    COUNTED,
    GENERIC,
    MAGNITUDES,
    METRIC,
    SHARES,
    WORD_NUMBERS,
    metric_name,
)

RESULT, SCALE, BARE = "result", "scale", "bare"
"""What a number is by its own unit: a result, a size, or not yet told."""

LONGEST = 20  # characters; longer is a key or an accident, no number

_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
_NUMBER = re.compile(rf"(?P<value>{_DIGITS})|\b(?P<word>{'|'.join(WORD_NUMBERS)})\b", re.I)
_JOINT = re.compile(r"(?P<range>\s?(?:-|–|—|--|\bto\b|\\?sim|~)\s?(?:\+|\\?sim|~|\$|\\)?)"
                    r"|\s*(?:,|/|;|\||&|\\&|\band\b|\bor\b)(?:\s(?:and|or|\+))?\s?(?:\\?sim|~|\$|\\|\+)?", re.I)
_PERCENT = re.compile(r"\s{0,12}(?:\\?%|per\s?cent(?=age)?\b|percent\b|percentage(?= points?))")
_ABSOLUTE = re.compile(r"[\s(-]*absolute(?:ly)?\b")
_POINTS = re.compile(r"\s?-?\s?(?:(?:absolute|average|mean|accuracy|percentage|relative|performance|perf\.|"
                     + METRIC.pattern.replace("(?<![A-Za-z0-9])", "") + r")[\s-]+){0,3}"
                     r"(?:points?|pts?\.?|pp|p\.p\.|ppts?)(?![A-Za-z]|\s?clouds?)")
_TIMES = re.compile(r"\s?(?:\$?\\times\$?|times|×|✕)(?![A-Za-z])|\s?-?[xX](?![A-Za-z0-9])|\s?-?\s?folds?\b")
_NEAR_COMPARE = re.compile(rf"(?:{COMPARES})|\bas\b|\bthan\b|\bthe\b", re.I)
_BEFORE_COMPARE = re.compile(rf"(?:{COMPARES}|\bby\b|up to|\bover\b|outperform)", re.I)
_DURATION = re.compile(
    r"\s?-?\s?(?:(?P<gpu>(?:[A-Z]\d+\s)?(?:GPU|TPU|CPU)[- ](?:core[- ])?)\s?)?"
    r"(?P<name>milliseconds?|ms|microseconds?|seconds?|secs?|s|minutes?|mins?|hours?|hrs?|days?)(?![A-Za-z0-9])"
    r"(?!\s+(?:of|old)\b)")
_RATE = re.compile(r"\s?(?P<name>FPS|fps|frames per second|frames/s(?:ec)?|tokens/s(?:ec)?|tokens per second|"
                   r"images/s(?:ec)?|images per second|Hz|TFLOPs?/s|samples/s)(?![A-Za-z])")
_PHYSICAL = re.compile(r"\s?(?P<name>dB|kWh|MJ|cm|mm|°C|nats?|bpd|bpc|bits/dim|bits per (?:dim(?:ension)?"
                       r"|character|byte|pixel))(?![A-Za-z])")
_BYTES = re.compile(r"\s?\+?\s?(?P<name>KB|MB|GB|TB|PB|[GTM]iB)(?![A-Za-z])", re.I)
_FLOPS = re.compile(r"\s?(?P<name>[KMGTPE]?(?:FLOPs?|MACs?))(?![A-Za-z])")
_MAGNITUDE = re.compile(r"\s?-?(?P<name>thousand|hundred|millions?|billion|trillion)\b"
                        r"|(?P<letter>[KkMBTG])(?![A-Za-z])")
_NOUN = re.compile(rf"[\s-]*\+?\s?(?:(?:of|the|more|different|labell?ed|unlabell?ed|[A-Za-z][\w'/-]*)[\s-]+){{0,5}}?"
                   rf"(?P<name>{COUNTED})(?![\w])", re.I)
_AFTER_METRIC = re.compile(r"\s?(?:\(|\b(?:(?:in|on|of)\s)?(?:(?:average|mean|absolute|test|dev|validation|zero-shot|"
                           r"overall|top|macro|micro|relative|the)\s){0,2})?\s?")
_CHANGE = re.compile(r"\s(?:(?:average|absolute|mean|overall)\s)?(?:decrease|increase|gain|improvement|reduction|drop|"
                     r"boost)s?\s(?:in|of|on)\s(?:the\s)?")
_FACTOR = re.compile(r"\bfactors? of (?:up to |about |around |over |roughly |nearly |more than |at least )?$", re.I)
_OF = re.compile(r"\s?(?:/|out of|of)\s?(?:the |all )?(?P<total>\d+|" + "|".join(WORD_NUMBERS) + r")\s+"
                 rf"(?:[\w-]+\s+){{0,3}}?(?P<name>{COUNTED})\b", re.I)
_OPENING = re.compile(r"(?:\\?sim|\\?approx|\\?times|\\geq?|\\leq?|geq|leq)\s?$")


@dataclass
class Number:
    """A number at text[start:end], unit included; `value` is multiplied out (2.7B is 2.7e9)."""

    start: int
    end: int
    value: float
    unit: str = ""
    kind: str = BARE
    metric: str = ""
    factor: float = 1.0  # of the magnitude: 1e9 for 2.7B
    decimal: bool = False
    word: bool = False
    joined: bool = False  # shares a list or a range with the number before it
    spread: bool = False  # the joint before it makes a range
    came_from: str = ""  # the first end of "from x to y", as written


def find_numbers(text: str, begin: int, end: int) -> list[Number]:
    """The numbers of text[begin:end], in order; words for numbers only where a unit follows."""
    found: list[Number] = []
    position = begin
    while match := _NUMBER.search(text, position, end):
        position = match.end()
        number = _number(text, match, end, found)
        if number is None:
            continue
        found.append(number)
        position = max(position, number.end)
    _share_units(found)
    for first, second in zip(found, found[1:], strict=False):
        if second.spread and re.search(r"\bfrom\s(?:\\?sim|~|\$)?$", text[begin:first.start]):
            second.came_from = text[first.start:first.end]
    return [number for number in found if not (number.word and number.kind == BARE)]


def _number(text: str, match: re.Match, limit: int, before: list[Number]) -> Number | None:
    word = match["word"]
    value = float(WORD_NUMBERS[word.lower()]) if word else float(match["value"].replace(",", ""))
    number = Number(match.start(), match.end(), value, decimal=bool(match["value"] and "." in match["value"]),
                    word=bool(word))
    if before:
        joint = _JOINT.fullmatch(text, before[-1].end, number.start)
        number.joined = joint is not None and "+" not in joint.group()  # a sign begins anew: "in 15-1, +7.6%"
        number.spread = bool(joint and number.joined and joint["range"])
    if not word and not number.joined and not _stands_alone(text, match.start()):
        return None
    if re.match(r"[A-Za-z]", text[match.end():match.end() + 1]) and not _unit_glued(text, match.end()):
        return None
    if text[match.end():match.end() + 1] in tuple("_^@}") or len(match.group()) > LONGEST:
        return None
    _read_unit(number, text, limit)
    return number


def _stands_alone(text: str, start: int) -> bool:
    """Whether nothing in front makes the digits part of a name (GPT-3, F1, top-5, 2.0)."""
    lead = text[max(0, start - 8):start]
    if _OPENING.search(lead):
        return True
    if not lead or lead[-1] in " \n\t(~$≈≥≤+:,;|“\"'—":
        return True
    if lead[-1] in "\\<>=":
        return True
    return lead[-1] in "-–" and (len(lead) == 1 or lead[-2] in " (")


def _unit_glued(text: str, position: int) -> bool:
    return any(pattern.match(text, position) for pattern in
               (_TIMES, _PERCENT, _BYTES, _DURATION, _RATE, _PHYSICAL, _MAGNITUDE, _FLOPS)) \
        or bool(re.match(r"(?:pm|sim|to|th)(?![a-z])", text[position:position + 4]))


def _read_unit(number: Number, text: str, limit: int) -> None:
    at = number.end

    def take(match: re.Match, unit: str, kind: str = RESULT) -> None:
        number.end, number.unit, number.kind = match.end(), unit, kind

    if _FACTOR.search(text[max(0, number.start - 40):number.start]):
        number.unit, number.kind = "x", RESULT
        if match := _TIMES.match(text, at, limit):
            number.end = match.end()
    elif match := _PERCENT.match(text, at, limit):
        take(match, "%")
        if points := _POINTS.match(text, number.end, limit):
            take(points, "points")
        elif absolute := _ABSOLUTE.match(text, number.end, limit):
            take(absolute, "% absolute")
    elif match := _POINTS.match(text, at, limit):
        take(match, "points")
    elif (match := _TIMES.match(text, at, limit)) and _compares(match, text, number, limit):
        take(match, "x")
    elif re.search(r"\\?times\s?$", text[max(0, at - 30):number.start]) and not number.word \
            and re.match(r"[^.;]{0,40}?(?:" + COMPARES + ")", text[at:at + 60], re.I):
        number.unit, number.kind = "x", RESULT
    elif not number.word and (match := _RATE.match(text, at, limit)):
        take(match, match["name"])
    elif not number.word and (match := _PHYSICAL.match(text, at, limit)):
        take(match, match["name"])
    elif re.search(r"(?:\$|\\)\s?$", text[max(0, number.start - 2):number.start]):
        number.unit, number.kind = "$", RESULT
        if match := _MAGNITUDE.match(text, at, limit):
            _multiply(number, match)
            number.kind = RESULT
    elif not number.decimal and text[number.start:at].lower() != "one" and (match := _OF.match(text, at, limit)):
        total = match["total"].lower()
        take(match, f"{match['name'].lower()} of {WORD_NUMBERS.get(total, total)}")
    elif match := _BYTES.match(text, at, limit):
        take(match, match["name"].upper(), SCALE)
    elif match := _FLOPS.match(text, at, limit):
        take(match, match["name"], SCALE)
    elif match := _MAGNITUDE.match(text, at, limit):
        _multiply(number, match)
        noun = _NOUN.match(text, number.end, limit)
        number.unit = noun["name"].lower() if noun else ""
        if match := _FLOPS.match(text, number.end, limit):
            take(match, match["name"], SCALE)
    elif not number.word and (match := _DURATION.match(text, at, limit)):
        name = match["name"].rstrip("s") + "s" if match["name"] not in ("ms", "s") else match["name"]
        take(match, f"{match['gpu'].strip(' -')} {name}" if match["gpu"] else name)
    elif number.decimal and (match := _CHANGE.match(text, at, limit)):
        number.unit, number.kind = "points", RESULT
        if named := METRIC.match(text, match.end(), limit):
            number.metric = metric_name(named)
            number.unit = "points" if number.metric in GENERIC else number.metric
    elif not number.word and (match := _metric_after(number, text, at, limit)):
        number.end, number.metric = match.end(), metric_name(match)
        number.unit, number.kind = _unit_of(number), RESULT
    elif not number.decimal and (match := _NOUN.match(text, at, limit)) and not re.search(r"[,;:()]", match.group()):
        number.unit, number.kind = match["name"].lower(), SCALE


def _metric_after(number: Number, text: str, at: int, limit: int) -> re.Match | None:
    """The metric that a number stands before; of those that are no unit, only a share told with decimals."""
    lead = _AFTER_METRIC.match(text, at, limit)
    match = METRIC.match(text, lead.end(), limit) if lead and lead.end() > at else None
    if match and metric_name(match) in GENERIC - {"correlation"}:
        shares = SHARES - {"precision", "error rate"}  # "16.0 precision" is a format
        return match if number.decimal and number.value <= 100 and metric_name(match) in shares else None
    return match


def _unit_of(number: Number) -> str:
    if number.metric not in GENERIC:
        return number.metric
    return "%" if number.value > 1 and number.metric in SHARES else "plain"


def _multiply(number: Number, match: re.Match) -> None:
    name = match["letter"] or match["name"]
    number.factor = MAGNITUDES[name if len(name) == 1 else name.lower()]
    number.value *= number.factor
    number.end, number.kind = match.end(), SCALE


def _compares(match: re.Match, text: str, number: Number, limit: int) -> bool:
    """Whether "3 times" compares (3 times faster) rather than repeats (run 3 times)."""
    if match.group().strip().lower() in ("x", "×", "-x") or "fold" in match.group():
        before = text[max(0, number.start - 25):number.start]
        upscaling = re.search(r"(?:super-?resolution|upscal|upsampl|scale factor)\w*[^.]{0,12}$", before, re.I) \
            or re.match(r"\s?(?:super-?resolution|upscal|upsampl|SR\b)", text[match.end():match.end() + 20], re.I)
        validates = number.value == 1 or re.match(r"\s?(?:cross|validation|schedule|lr\b)",
                                                  text[match.end():match.end() + 12])
        aside = number.word and not _NEAR_COMPARE.search(text, match.end(), min(limit, match.end() + 25)) \
            and not _BEFORE_COMPARE.search(text, max(0, number.start - 25), number.start)
        return not (upscaling or validates or aside)
    if not match.group().startswith(" ") and not number.word:
        return number.value != 1 and not re.match(r"\s?schedule", text[match.end():match.end() + 12])
    return bool(_NEAR_COMPARE.search(text, match.end(), min(limit, match.end() + 25))
                or _BEFORE_COMPARE.search(text, max(0, number.start - 40), number.start))


def _share_units(numbers: list[Number]) -> None:
    """Give a number without a unit the unit of the list or range it stands in."""
    for later, number in zip(reversed(numbers[1:]), reversed(numbers[:-1]), strict=True):
        if later.joined and number.kind == BARE and later.kind != BARE and not (number.word and later.kind == RESULT):
            number.kind, number.unit, number.metric = later.kind, later.unit, later.metric
            number.factor = later.factor
            number.value *= later.factor  # "2 to 7B"
    for earlier, number in zip(numbers, numbers[1:], strict=False):
        if number.joined and number.kind == BARE and earlier.kind == RESULT and not number.word \
                and (earlier.unit == "$" or earlier.unit == earlier.metric):
            number.kind, number.unit, number.metric = earlier.kind, earlier.unit, earlier.metric
