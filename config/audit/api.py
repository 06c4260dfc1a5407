"""The history as data: of one object, and of everything for administrators."""

from datetime import datetime

from ninja import FilterSchema, Query, Router, Schema
from ninja.errors import HttpError
from ninja.pagination import paginate

from config.audit import selectors
from papers.parameters import Pages, Word
from papers.web import may_call

router = Router(tags=["history"])


class ActOut(Schema):
    at: datetime
    name: str
    token: str
    verb: str
    kind: str
    key: str
    words: str


class ActFilters(FilterSchema):
    who: Word = ""
    verb: Word = ""
    kind: Word = ""


@router.get("/history", response=list[ActOut], summary="What people did, newest first")
@paginate(Pages, times=("at",))
@may_call("audit.view_entry")
def list_acts(request, filters: Query[ActFilters]):
    return selectors.acts(**filters.dict())


@router.get("/history/{kind}/{path:key}", response=list[ActOut], summary="What people did to one object")
@paginate(Pages, times=("at",))
def get_history(request, kind: Word, key: Word):
    if kind not in selectors.PUBLIC:
        raise HttpError(404, f"there is a history of {', '.join(selectors.PUBLIC)}")
    return selectors.history_of(kind, key)
