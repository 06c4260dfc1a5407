"""Days as tables, pages and reference managers write them."""

import re
from datetime import date

from papers.digests.records import parse_date

_MONTHS = {name: number for number, name in enumerate(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)}
_MONTH = (r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
          r"(?:uary|ruary|ch|il|e|y|ust|t|tember|ober|ember)?(?![a-z])\.?")
_DAY_FIRST = re.compile(rf"(?<!\d)(?<!\d[-–])(\d{{1,2}})(?:st|nd|rd|th)?\.?[ ./-]+{_MONTH}", re.I)
_MONTH_FIRST = re.compile(rf"\b{_MONTH}[ ./-]*(\d{{1,2}})(?!\d)(?! ?[-–] ?\d)", re.I)
_NUMBERS = re.compile(r"(\d{4})(?:[-/.](\d{1,2})[-/.](\d{1,2})|(\d\d)(\d\d)|年(\d{1,2})月(\d{1,2})日?)(?!\d)")
YEAR = re.compile(r"(?<!\d)(?:1[6-9]|20|21)\d\d(?!\d)")


def written_day(text: str, year: str = "") -> date | None:
    """A whole day in any of the ways they are written, in `year` where they leave it out.

    None when it is no whole day, leaves open which number is the month, or lies in another year.

    >>> written_day("2025 Sep 18"), written_day("SEP 18", "2025"), written_day("2025/09//", "2025")
    (datetime.date(2025, 9, 18), datetime.date(2025, 9, 18), None)
    >>> written_day("Thu, 18 Sep 2025 04:00:00 GMT"), written_day("20250918"), written_day("9/18/2025")
    (datetime.date(2025, 9, 18), datetime.date(2025, 9, 18), None)
    """
    text = text[:100].strip().strip("*[]() ")
    day = None
    if numbers := _NUMBERS.match(text):
        day = parse_date("-".join(filter(None, numbers.groups())))
    else:
        named = YEAR.search(text)
        rest = f"{text[:named.start()]} {text[named.end():]}" if named else text
        for shape, (month, number) in ((_DAY_FIRST, (2, 1)), (_MONTH_FIRST, (1, 2))):
            found = shape.search(rest)
            if found and (named or year):
                day = parse_date(f"{named[0] if named else year}-{_MONTHS[found[month].lower()]}-{found[number]}")
                break
    return None if day is None or (year and str(day.year) != year) else day
