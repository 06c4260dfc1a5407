"""The claim ledger as data and as files: the same filters and rows as the page."""

import json
from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router
from ninja.errors import HttpError
from ninja.pagination import paginate

from evaluations.claims.deciding import askings
from evaluations.claims.open_questions import Proposal, open_questions
from evaluations.claims.record import ClaimRecord
from evaluations.ledger.ledger import (
    KINDS,
    OUTCOMES,
    POWERS,
    SCOPE,
    SORTS,
    Ledger,
    LedgerError,
    claim_page,
    evidence_record,
    ledger,
)
from evaluations.ledger.ledger import read_state as read_ledger_state
from evaluations.models import Claim
from evaluations.tables.renderers import csv, parquet, xlsx
from methods.models import Arena
from papers.parameters import MOST_ROWS, Id, Limit, Page, Pages, Since, Word, Year

router = Router(tags=["claims"])

FILES = {"csv": csv, "parquet": parquet, "xlsx": xlsx}  # they need fields, records, caption and digest alone
MOST_IN_FILE = 20_000  # rows of a file that is made as a whole
FORMATS = {"csv": "CSV", "json": "JSON", "parquet": "Parquet", "xlsx": "Excel"}


class LedgerQuery(Page):
    """The ledger's state, as in the address of its page; `read_state` reads it."""

    arena: Word = Field("", description="an arena's slug")
    verdict: Word = Field("", description=f"one of {', '.join(OUTCOMES)}")
    kind: Word = Field("", description=f"one of {', '.join(KINDS)}")
    q: Word = Field("", description="words of a paper's or method's title or of the claim")
    paper: Id | None = Field(None, description="a paper's number here")
    year: Year | None = Field(None, description="of the paper")
    power: Word = Field("", description=f"one of {', '.join(POWERS)}")
    sort: Word = Field("", description=f"one of {', '.join(filter(None, SORTS))}")
    since: Since = None
    format: Word = Field("", description=f"a file with every row: one of {', '.join(FORMATS)}; left out, JSON with the "
                                         "rows that `limit` and `offset` say")
    limit: Limit = MOST_ROWS


class Proposing(Pages):
    """Turns only the rows of the page into data."""

    def paginate_queryset(self, queryset, pagination, request, **params):
        page = super().paginate_queryset(queryset, pagination, request, **params)
        return {**page, "items": [proposal_record(proposal) for proposal in page["items"]]}


def document(found: Ledger) -> dict[str, Any]:
    """The ledger as plain data, ready for JSON."""
    return _about(found) | {"digest": found.digest, "records": found.records()}


def _about(found: Ledger) -> dict[str, Any]:
    return {"filters": {name: value for name, value in vars(found.state).items() if value not in ("", None)},
            "scope": SCOPE, "caption": found.caption(), "counts": dict(found.counts),
            "fields": [{"name": f.name, "title": f.title, "type": f.type.__name__} for f in found.fields]}


def render(found: Ledger, name: str) -> tuple[bytes | Iterator[str], str, str]:
    """Contents, media type and file name. Raises LedgerError for a format there is not, or that would be too large."""
    if name != "json" and name not in FILES:
        raise LedgerError(f"there is no format {name}; there are {', '.join(FORMATS)}")
    if name == "csv":
        return csv.lines(found.fields, found.stream()), csv.MEDIA_TYPE, f"{found.file_stem}.csv"
    if len(found) > MOST_IN_FILE:
        raise LedgerError(f"{len(found)} rows are more than the {MOST_IN_FILE} that a file of this format may have: "
                          "narrow them, or take CSV, which may have any number")
    if name == "json":
        text = json.dumps(document(found), indent=1, ensure_ascii=False, allow_nan=False)
        return text.encode(), "application/json", f"{found.file_stem}.json"
    module = FILES[name]
    return module.render(found), module.MEDIA_TYPE, f"{found.file_stem}.{module.EXTENSION}"


@router.get("/ledger", summary="Every claim with its verdict and evidence, as JSON or a file",
            openapi_extra={"responses": {200: {"description": "The rows"}}})
def get_ledger(request, query: Query[LedgerQuery]):
    """As JSON, `count` says how many rows there are; a file named by `format` has them all, and its `digest`."""
    try:
        found = ledger(read_ledger_state(request.GET))
        if not query.format:
            return JsonResponse(_about(found) | {"records": found.part(query.offset, query.limit),
                                                 "count": len(found)})
        if {"limit", "offset"} & query.model_fields_set:
            raise LedgerError("a file has every row; leave out the format for a part of them")
        contents, media_type, name = render(found, query.format)
    except LedgerError as error:
        raise HttpError(400, str(error)) from error
    response = HttpResponse if isinstance(contents, bytes) else StreamingHttpResponse
    return response(contents, content_type=media_type,
                    headers={"Content-Disposition": f'attachment; filename="{name}"'})


@router.get("/ledger/open", response=list[dict[str, Any]],
            summary="Open claims, the most expected information per second first")
@paginate(Proposing, times=lambda open_ones, since: [
    each for each in open_ones if each.standing.verdict and each.standing.verdict.decided_at >= since])
def get_open(request, arena: Word = ""):
    return open_questions(arena=get_object_or_404(Arena, pk=arena) if arena else None).proposals


@router.get("/ledger/asked", response=list[dict[str, Any]],
            summary="Seeds that the site asked for by itself, why, and what came of them; the newest first")
@paginate(Pages, times=lambda rows, since: [row for row in rows if row["asked_at"] >= since])
def get_asked(request, arena: Word = ""):
    return [asking.data() for asking in askings(arena=get_object_or_404(Arena, pk=arena) if arena else None)]


@router.get("/ledger/{pk}", response=dict[str, Any], summary="One claim with everything behind its verdict")
def get_claim(request, pk: Id):
    return evidence_record(claim_page(get_object_or_404(Claim.objects.select_related("method__arena"), pk=pk)))


def proposal_record(proposal: Proposal) -> dict[str, Any]:
    """An open claim and the runs that would decide it; `target` and `seeds` are those of POST /runs."""
    return ClaimRecord.of(proposal.standing).data() | {
        "target": proposal.target, "seeds": proposal.seeds_text, "missing_runs": proposal.missing,
        "seconds": proposal.seconds, "rough": proposal.rough, "chance": proposal.chance, "entropy": proposal.entropy,
        "bits_per_second": proposal.rate}
