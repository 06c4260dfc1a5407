"""What the API takes: numbers within the database's range, texts it can hold, parts of lists; and how it refuses.

One place says what an id, a seed, a year, a moment or a page of a list may be. Anything else is refused with 422 and
the parameter's name; `config/api.py` does the same for every operation with parameters that there are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar

import pydantic
from django.db.models import QuerySet
from django.utils import timezone
from ninja import Field, Schema
from ninja.errors import ValidationError
from ninja.pagination import LimitOffsetPagination
from pydantic import AfterValidator, ConfigDict, field_validator

from papers.paging import Times, not_older

MOST_ROWS = 500  # of a list in one answer
MOST_LETTERS = 200  # of a name, or of words to look for: a pattern of many more is beyond a database
MOST_ID = 2**63 - 1
MOST_SEED = 2**31 - 1
Rows = TypeVar("Rows", bound=Sequence | QuerySet)


def on_the_calendar(moment: datetime) -> datetime:
    """A moment that every time zone can write: the first and the last year would leave the calendar in some."""
    if not 1 < moment.year < 9999:
        raise ValueError("a moment lies in the years 2 to 9998")
    return moment


def storable(value: Any) -> Any:
    """The value as it is. Raises ValueError for a text, however deep inside, that no database text can hold."""
    if isinstance(value, str):
        if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
            raise ValueError("holds NUL or half a character, which no text here can")
    elif isinstance(value, dict):
        storable([*value, *value.values()])
    elif isinstance(value, list):
        for each in value:
            storable(each)
    return value


Id = Annotated[int, Field(ge=1, le=MOST_ID)]
Seed = Annotated[int, Field(ge=0, le=MOST_SEED)]
Year = Annotated[int, Field(ge=1, le=9999)]
Moment = Annotated[datetime, AfterValidator(on_the_calendar)]
Since = Annotated[Moment | None, Field(description="leave out what is older: what was made, changed or decided before "
                                       "this moment (ISO 8601)")]
Word = Annotated[str, Field(max_length=MOST_LETTERS)]  # a name, or some words to look for
Limit = Annotated[int, Field(ge=1, le=MOST_ROWS, description=f"rows in one answer, at most {MOST_ROWS}")]
Offset = Annotated[int, Field(ge=0, le=2**53, description="rows to leave out first")]


class Body(Schema):
    """A JSON body: fields that there are not are refused, and so are texts that no database holds."""

    model_config = ConfigDict(extra="forbid")

    _texts = field_validator("*", mode="before")(storable)


def id_from(text: str) -> int | None:
    """The primary key that a text writes; None where it writes none that a row can have."""
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(MOST_ID))):
        return None
    number = int(text)
    return number if 0 < number <= MOST_ID else None


def moment_from(text: str) -> datetime | None:
    """The moment that a text writes in ISO 8601, in the site's time zone where it names none. Raises ValueError."""
    if not text.strip():
        return None
    moment = on_the_calendar(datetime.fromisoformat(text.strip().replace(" ", "+") if "T" in text else text.strip()))
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


def unknown(kind: str, name: str, known: Sequence[str]) -> str:
    """The sentence about a parameter or field that there is not."""
    there_are = f"known are {', '.join(known)}" if known else "there are none here"
    return f"unknown {kind} {name[:100]}; {there_are}"


def body_error(error: pydantic.ValidationError, body: type[Schema], *, inside: int = 0) -> ValidationError:
    """What is wrong with a JSON body, field by field; `inside` names of each place stand before the body's own."""
    faults = []
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        place = fault["loc"][inside:]
        words = unknown("field", str(place[0]), list(body.model_fields)) if fault["type"] == "extra_forbidden" \
            else fault["msg"]
        faults.append({"type": fault["type"], "loc": ("body", *place), "msg": words})
    return ValidationError(faults)


class Page(Schema):
    """Which part of a list to answer with."""

    limit: Limit = 100
    offset: Offset = 0

    def of(self, rows: Rows) -> Rows:
        """The part of the rows; of a queryset only that part is fetched."""
        return rows[self.offset:self.offset + self.limit]  # type: ignore[return-value]  # a slice of its kind


class NewerPage(Page):
    """The same, of rows that have a time."""

    since: Since = None


class Pages(LimitOffsetPagination):
    """A list as `items` and their `count`, whatever part of them is asked for.

    `times` are the fields that say when a row was made or changed, or a function of the rows and a moment; where rows
    have none, nobody can ask for those `since`.
    """

    def __init__(self, *, times: Times = (), **options: Any):
        super().__init__(**options)
        self.times = times
        self.Input = NewerPage if times else Page  # type: ignore[assignment]  # with bounds of its own

    def paginate_queryset(self, queryset: Any, pagination: Any, request: Any, **params: Any) -> Any:
        newer = not_older(queryset, getattr(pagination, "since", None), self.times)
        return super().paginate_queryset(newer, pagination, request, **params)


class Fault(Schema):
    """One thing that is wrong with a request."""

    loc: Annotated[list[str | int], Field(description="path, query or body, then the name")]
    msg: str
    type: str


class Problem(Schema):
    """Why a request was refused, in one sentence; `errors` are its parts where it has several."""

    detail: str
    errors: list[Fault] = []
