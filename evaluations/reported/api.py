"""Every claim as data: directional ones with their verdicts, and the numbers that papers report."""

from typing import Any, Literal

from django.shortcuts import get_object_or_404
from ninja import Field, FilterSchema, Query, Router, Schema
from ninja.errors import HttpError
from ninja.pagination import paginate
from pydantic import FiniteFloat

from evaluations.models import ReportedClaim
from evaluations.reported import services
from evaluations.reported.selectors import ClaimRecords, history, reported_record
from papers.parameters import Body, Id, Pages
from papers.web import may_call

router = Router(tags=["claims"])


class ClaimOut(Schema):
    kind: str = Field(description="directional, reported, or scale (a size, no result)")
    id: int
    paper_id: int | None
    paper: str | None
    value: float | None
    unit: str | None
    metric: str | None
    dataset: str | None
    versus: str | None
    quote: str | None
    span: list[int] | None = Field(description="first character of the quote in the abstract, and the one after it")
    status: str = Field(description="stated (by a card), proposed, accepted, corrected or rejected")
    verdict: str = Field(description="of our own measurement; reported numbers are not measured")
    method: str | None
    sentence: str | None


class EditOut(Schema):
    action: str
    before: dict[str, Any]
    after: dict[str, Any]
    made_by: str | None
    made_at: str
    undone: bool


class ClaimWithHistory(ClaimOut):
    edits: list[EditOut]


class ClaimFilters(FilterSchema):
    kind: Literal["", "directional", "reported", "scale"] = Field("", description="empty: directional and reported")
    status: Literal["", "stated", "proposed", "accepted", "corrected", "rejected"] = ""
    paper: Id | None = None


class Decision(Body):
    action: Literal["accept", "correct", "reject", "undo"]
    value: FiniteFloat | None = None
    unit: str | None = None
    metric: str | None = None
    dataset: str | None = None
    versus: str | None = None


@router.get("/claims", response=list[ClaimOut], summary="Every claim")
@paginate(Pages)
def list_claims(request, filters: Query[ClaimFilters]):
    return ClaimRecords(**filters.dict())


@router.get("/claims/reported/{pk}", response=ClaimWithHistory, summary="A reported claim with its history")
def get_reported(request, pk: Id):
    claim = get_object_or_404(ReportedClaim.objects.select_related("paper"), pk=pk)
    return reported_record(claim) | {"edits": history(claim)}


@router.post("/claims/reported/{pk}", response=ClaimWithHistory,
             summary="Accept, correct, reject, or undo the newest decision")
@may_call("evaluations.change_claim")
def decide(request, pk: Id, body: Decision):
    get_object_or_404(ReportedClaim, pk=pk)
    fields = body.dict(exclude_unset=True)
    action = fields.pop("action")
    if fields and action != "correct":
        raise HttpError(400, "only a correction takes fields")
    try:
        if action == "correct":
            services.correct_claim(pk=pk, by=request.user, **fields)
        else:
            {"accept": services.accept_claim, "reject": services.reject_claim,
             "undo": services.undo_claim}[action](pk=pk, by=request.user)
    except ValueError as problem:
        raise HttpError(400, str(problem)) from problem
    return get_reported(request, pk)
