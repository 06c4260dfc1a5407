"""Requests for runs as data."""

from datetime import datetime
from typing import Annotated, Literal

from ninja import Field, FilterSchema, Query, Router, Schema, Status
from ninja.errors import HttpError
from ninja.pagination import paginate

from config.asking import selectors, services
from config.asking.models import Ask
from papers.parameters import Body, Id, Pages, Word
from papers.web import may_call

router = Router(tags=["asks"])
Words = Annotated[str, Field(max_length=500)]


class AskOut(Schema):
    id: int
    by: str
    target: str
    title: str
    setting: str
    scale: str
    seeds: str
    queue: str
    reason: str
    state: str
    asked_at: datetime
    answered_by: str | None
    answered_at: datetime | None
    word: str
    request: str = Field(alias="request_key", description="the key of the runs that were queued")

    @staticmethod
    def resolve_by(ask: Ask) -> str:
        return ask.by.get_username()

    @staticmethod
    def resolve_answered_by(ask: Ask) -> str | None:
        return ask.answered_by.get_username() if ask.answered_by else None


class AskFilters(FilterSchema):
    state: Literal["", "open", "granted", "declined", "withdrawn"] = ""
    mine: bool = False


class AskIn(Body):
    target: Word = Field(description="method:ARENA/METHOD, arena:ARENA, paper:NUMBER or claim:NUMBER")
    setting: Annotated[str, Field(max_length=40)] = "default"
    scale: Annotated[str, Field(max_length=10)] = "full"
    seeds: Word = "10"
    queue: Annotated[str, Field(max_length=10)] = "cpu"
    reason: Words = ""


class Answer(Body):
    word: Words = ""


@router.get("/asks", response=list[AskOut], summary="Your requests for runs; everybody's, if you can answer")
@paginate(Pages, times=("asked_at", "answered_at"))
@may_call("")
def list_asks(request, filters: Query[AskFilters]):
    return selectors.asks(request.user, **filters.dict())


@router.post("/asks", response={201: AskOut}, summary="Ask for runs that you may not start")
@may_call("")
def post_ask(request, body: AskIn):
    try:
        return Status(201, services.ask(by=request.user, **body.dict()))
    except LookupError as error:
        raise HttpError(404, str(error)) from error
    except services.AskError as error:
        raise HttpError(409, str(error)) from error


@router.post("/asks/{pk}/withdraw", response=AskOut, summary="Take back your request")
@may_call("")
def withdraw_ask(request, pk: Id):
    return _changed(pk, lambda: services.withdraw(pk=pk, by=request.user))


@router.post("/asks/{pk}/grant", response=AskOut, summary="Queue what is asked for, from your budget")
@may_call("evaluations.add_run")
def grant_ask(request, pk: Id, body: Answer):
    return _changed(pk, lambda: services.grant(pk=pk, by=request.user, word=body.word))


@router.post("/asks/{pk}/decline", response=AskOut, summary="Say no, and why")
@may_call("evaluations.add_run")
def decline_ask(request, pk: Id, body: Answer):
    return _changed(pk, lambda: services.decline(pk=pk, by=request.user, word=body.word))


def _changed(pk: int, change) -> Ask:
    if not Ask.objects.filter(pk=pk).exists():
        raise HttpError(404, "there is no such request")
    try:
        change()
    except services.AskError as error:
        raise HttpError(409, str(error)) from error
    return Ask.objects.select_related("by", "answered_by").get(pk=pk)
