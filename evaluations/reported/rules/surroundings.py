"""What a number is about: metric, dataset, rival, and the fragment to quote."""

from __future__ import annotations

import re

from evaluations.reported.rules.numbers import Number
from evaluations.reported.rules.vocabulary import ASPECT, METRIC, metric_name

REACH = 70  # characters on each side in which a metric is looked for
WIDE = 400  # and on each side a dataset or rival
QUOTE_LIMIT = 160
_BOUNDARY = re.compile(r"[;:](?=\s)|,(?=\s(?!\d)(?!and \d)(?!respectively))|\s(?=\()|(?<=\))\s"
                       r"|\s(?:while|whereas|but|which|and)\s")
_NAME = r"[A-Z][\w@.+/-]*[\w+]|[a-z]{1,4}[A-Z][\w-]*"
_DATASET = re.compile(
    rf"\b(?:on|for|in|across|at)\s(?:the |a |both |several |standard |popular |challenging )*"
    rf"(?P<name>(?:(?:{_NAME})(?:[ ]\d{{4}}|\s(?=[A-Z])|\s)?)+)"
    rf"(?:\s?(?:dataset|benchmark|test set|corpus|task|validation|tagging|leaderboard)s?)?")
_NAMED = rf"(?:{_NAME})(?:\s(?:{_NAME}|\d{{4}}))*"
_NAMES_IN_TURN = re.compile(rf"[^.;,]{{0,60}}?\b(?:on|for|in)\s(?:the\s)?(?P<names>{_NAMED}(?:,\s{_NAMED})*,?\sand\s"
                            rf"(?:the\s)?{_NAMED})")
_MONTH = re.compile(r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\b")
_MEASURED = re.compile(r"\b(?:on|across|over)\s(?:the |a |all |various |several |\w+ )?(?P<name>(?:[\w-]+ ){0,3}"
                       r"(?:datasets?|benchmarks?|tasks?|corpora|corpus|domains|languages))\b")
_VERSUS = re.compile(
    r"\b(?:compared (?:to|with)|relative to|in comparison (?:to|with)|versus|vs\.?|against|over|than|"
    r"(?:outperform|surpass|exceed|beat)(?:s|es|ed|ing)?|previous best(?: result)? of)\s(?:that of |those of )?"
    r"(?P<name>(?:the |a |an |our |its )?[^\s,;:.()]+(?:\s[^\s,;:()]+){0,5}?)"
    r"(?=\s(?:by|on|with|in|for|and|while|when|at|of|using|across|to|under|without|which|that|as|is|are)\b|[,;:()]|\.?$)")


def metric_of(number: Number, text: str, begin: int, end: int) -> str:
    """The nearest metric's name, else the nearest thing a number can be about, else ""."""
    left, right = max(begin, number.start - REACH), min(end, number.end + REACH)
    if number.kind == "scale":
        return f"number of {number.unit}" if number.unit and not number.unit.startswith("%") else ""
    beside = ASPECT.match(text, number.end + 1, right)
    if number.unit in ("x", "%") and beside:
        return beside.group(1).lower()
    if named := _nearest(METRIC, text, number, left, right):
        if metric_name(named) != "score" or number.unit in ("points", "plain"):
            return metric_name(named)
    about = _nearest(ASPECT, text, number, left, right)
    return about.group(1).lower() if about else ""


def _nearest(pattern: re.Pattern, text: str, number: Number, left: int, right: int) -> re.Match | None:
    """The match nearest to the number; one behind it counts half as near again as one in front."""
    best, least = None, float("inf")
    for match in pattern.finditer(text, left, right):
        if match.start() < number.end and match.end() > number.start:
            return match
        behind = match.start() >= number.end
        gap = match.start() - number.end if behind else number.start - match.end()
        between = text[number.end:match.start()] if behind else text[match.end():number.start]
        gap += 40 * len(re.findall(r"[;,]\s", between)) - (8 if behind and gap <= 3 else 0)
        if gap < least:
            best, least = match, gap
    return best


def datasets_in_turn(text: str, start: int, end: int, count: int) -> list[str]:
    """The names of "on A, B, and C" at the start of text[start:end], if they are as many as the numbers, else []."""
    match = _NAMES_IN_TURN.match(text, start, end)
    names = [name.strip() for name in re.split(r",\s*(?:and\s)?|\sand\s", match["names"])] if match else []
    return names if len(names) == count > 1 else []


def dataset_of(text: str, begin: int, end: int, number: Number) -> str:
    """The dataset named nearest after the number, else before it, else ""."""
    begin, end = max(begin, number.start - WIDE), min(end, number.end + WIDE)
    for pattern in (_DATASET, _MEASURED):
        named = [match for match in pattern.finditer(text, begin, end)
                 if not METRIC.fullmatch(match["name"].strip(" .,")) and not _MONTH.match(match["name"])]
        after = [match for match in named if 0 <= match.start() - number.end <= REACH]
        before = [match for match in named if match.end() <= number.start]
        if after or before:
            return (after[0] if after else before[-1])["name"].strip(" .,")[:200]
    return ""


def versus_of(text: str, begin: int, end: int, number: Number) -> str:
    """Whom or what the number is compared with, else ""."""
    if number.spread and number.came_from:
        return number.came_from
    begin, end = max(begin, number.start - WIDE), min(end, number.end + WIDE)
    after = _VERSUS.search(text, number.end, end)
    if after and after.start() - number.end <= 2 * REACH:
        return after["name"].strip(" .")[:200]
    before = [match for match in _VERSUS.finditer(text, begin, number.start)
              if number.start - match.end() <= REACH and not match["name"].strip()[:1].isdigit()]
    return before[-1]["name"].strip(" .")[:200] if before else ""


def quote_span(text: str, begin: int, end: int, start: int, stop: int) -> tuple[int, int]:
    """The clause around text[start:stop]: whole words, 20 characters or more where the sentence has them."""
    first, last = begin, end
    for match in _BOUNDARY.finditer(text, begin, start):
        if start - match.end() >= 20:
            first = match.end()
    for match in _BOUNDARY.finditer(text, stop, end):
        if match.start() - first >= 40:
            last = match.start()
            break
    if last - first > QUOTE_LIMIT:
        if start - first > QUOTE_LIMIT // 2:
            first = start - QUOTE_LIMIT // 2
            word = re.match(r"\S*\s*", text[first:start])
            first += word.end() if word else 0
        if last - first > QUOTE_LIMIT:
            cut = text.rfind(" ", stop, first + QUOTE_LIMIT)
            last = cut if cut > stop else max(stop, min(last, first + QUOTE_LIMIT))
    first, last = min(first, start), max(last, stop)
    while first < start and text[first].isspace():
        first += 1
    while last > stop and (text[last - 1].isspace() or text[last - 1] in ",;:."):
        last -= 1
    return first, last
