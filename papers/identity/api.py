"""Papers that may be one, as data."""

from datetime import datetime
from typing import Literal

from django.http import Http404
from ninja import Router, Schema
from ninja.errors import HttpError
from ninja.pagination import paginate

from papers.identity import merging, questions
from papers.models import Merge, PossibleDuplicate
from papers.parameters import Body, Id, Pages, Problem
from papers.web import may_call

router = Router(tags=["papers"])


class OneOfTwo(Schema):
    id: int
    title: str
    authors: list[str]
    year: int | None
    arxiv_id: str | None
    doi: str | None


class DuplicateOut(Schema):
    id: int
    first: OneOfTwo
    second: OneOfTwo
    reason: str
    score: float
    state: Literal["open", "different"]


class MergeOut(Schema):
    id: int
    kept: int
    dropped: int
    title: str
    reason: str
    by: str | None
    at: datetime
    undone_at: datetime | None

    @staticmethod
    def resolve_by(merge):
        return merge.by.get_username() if merge.by else None


class Other(Body):
    other: Id


class Word(Body):
    state: Literal["open", "different"]


class Separated(Schema):
    paper: int


@router.get("/duplicates", response=list[DuplicateOut])
@paginate(Pages, times=("first__created_at", "second__created_at", "decided_at"))
def duplicates(request, state: Literal["open", "different"] = "open"):
    """Pairs of papers that may be one, the most alike first, or those that a person keeps apart.

    With `since` those of which a paper came, or that were decided, then or later.
    """
    return PossibleDuplicate.objects.filter(state=state).select_related("first", "second")


@router.post("/duplicates/{duplicate_id}", response={200: DuplicateOut})
@may_call("papers.change_paper")
def decide_duplicate(request, duplicate_id: Id, body: Word):
    """Say that a pair is two papers, for good, or that it is open again. That it is one is said by merging."""
    try:
        return questions.keep_apart(pk=duplicate_id, by=request.user) if body.state == "different" \
            else questions.ask_again(pk=duplicate_id, by=request.user)
    except PossibleDuplicate.DoesNotExist:
        raise Http404("There is no such pair.") from None


@router.get("/merges", response=list[MergeOut])
@paginate(Pages, times=("at", "undone_at"))
def merges(request):
    """What was made one paper, the newest first; those taken apart again have `undone_at`."""
    return Merge.objects.select_related("by")


@router.post("/papers/{paper_id}/merge", response={200: MergeOut, 409: Problem})
@may_call("papers.change_paper")
def merge(request, paper_id: Id, body: Other):
    """Make one paper of two; the older keeps its number, and the other number leads to it."""
    try:
        return merging.merge_papers(one=paper_id, other=body.other, by=request.user)
    except merging.MergeError as error:
        raise HttpError(409, str(error)) from None


@router.post("/merges/{merge_id}/undo", response={200: Separated, 409: Problem})
@may_call("papers.change_paper")
def undo_merge(request, merge_id: Id):
    """Make two papers again of what was made one; answers with the number that is a paper again."""
    try:
        return {"paper": merging.unmerge(pk=merge_id, by=request.user).pk}
    except Merge.DoesNotExist:
        raise Http404("There is no such merge.") from None
    except merging.MergeError as error:
        raise HttpError(409, str(error)) from None
