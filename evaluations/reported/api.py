"""Every claim as data: directional ones with their verdicts, and the numbers that papers report."""

from typing import Any, Literal

from django.shortcuts import get_object_or_404
from ninja import Field, FilterSchema, Query, Router, Schema
from ninja.errors import HttpError
from ninja.pagination import paginate
from pydantic import FiniteFloat

from evaluations.claims.verdicts import NOT_MEASURED
from evaluations.models import ReportedClaim, TabulatedResult
from evaluations.reported import services
from evaluations.reported.selectors import ClaimRecords, history, reported_record
from evaluations.reported.tabulated import tabulated_list
from papers.parameters import Body, Id, Pages, Word
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
@paginate(Pages, times=ClaimRecords.not_older)
def list_claims(request, filters: Query[ClaimFilters]):
    """With `since` those with a verdict, a reading or a decision of then or later."""
    return ClaimRecords(**filters.dict())


class TabulatedOut(Schema):
    id: int
    paper_id: int
    paper: str
    task: str
    dataset: str
    metric: str
    value: str = Field(description="as the table writes it")
    number: float | None
    model: str
    digest_id: int
    digest: str = Field(description="the digest with the table")
    verdict: str = Field(NOT_MEASURED, description="of our own measurement: never one, these are only reported")

    @staticmethod
    def resolve_paper(row: TabulatedResult) -> str:
        return row.paper.title

    @staticmethod
    def resolve_digest(row: TabulatedResult) -> str:
        return row.digest.name


class TabulatedFilters(FilterSchema):
    paper: Id | None = None
    dataset: Word = ""
    task: Word = ""


@router.get("/claims/tabulated", response=list[TabulatedOut],
            summary="Numbers that tables of results give papers: reported, not measured")
@paginate(Pages, times=("digest__imported_at",))
def list_tabulated(request, filters: Query[TabulatedFilters]):
    return tabulated_list(**filters.dict())


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
