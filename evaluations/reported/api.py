"""Every claim as data: directional ones with their verdicts, and the numbers that papers report."""

from typing import Any, Literal

from django.shortcuts import get_object_or_404
from ninja import Field, FilterSchema, Query, Router, Schema, Status
from ninja.pagination import LimitOffsetPagination, paginate

from evaluations.models import ReportedClaim
from evaluations.reported import services
from evaluations.reported.selectors import ClaimRecords, history, reported_record
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
    paper: int | None = None


class Decision(Schema):
    action: Literal["accept", "correct", "reject", "undo"]
    value: float | None = None
    unit: str | None = None
    metric: str | None = None
    dataset: str | None = None
    versus: str | None = None


class ClaimProblem(Schema):
    detail: str


@router.get("/claims", response=list[ClaimOut], summary="Every claim")
@paginate(LimitOffsetPagination)
def list_claims(request, filters: Query[ClaimFilters]):
    return ClaimRecords(**filters.dict())


@router.get("/claims/reported/{pk}", response=ClaimWithHistory, summary="A reported claim with its history")
def get_reported(request, pk: int):
    claim = get_object_or_404(ReportedClaim.objects.select_related("paper"), pk=pk)
    return reported_record(claim) | {"edits": history(claim)}


@router.post("/claims/reported/{pk}", response={200: ClaimWithHistory, 400: ClaimProblem},
             summary="Accept, correct, reject, or undo the newest decision")
@may_call("evaluations.change_claim")
def decide(request, pk: int, body: Decision):
    get_object_or_404(ReportedClaim, pk=pk)
    fields = body.dict(exclude_unset=True)
    action = fields.pop("action")
    if fields and action != "correct":
        return Status(400, {"detail": "only a correction takes fields"})
    try:
        if action == "correct":
            services.correct_claim(pk=pk, by=request.user, **fields)
        else:
            {"accept": services.accept_claim, "reject": services.reject_claim,
             "undo": services.undo_claim}[action](pk=pk, by=request.user)
    except ValueError as problem:
        return Status(400, {"detail": str(problem)})
    return Status(200, get_reported(request, pk))
