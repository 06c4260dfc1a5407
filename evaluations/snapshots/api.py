"""Frozen tables as data, and the runs behind one number."""

from datetime import datetime
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema, Status
from ninja.errors import HttpError
from ninja.pagination import paginate

from evaluations.models import Snapshot
from evaluations.snapshots import services
from evaluations.snapshots.changes import changes_record, changes_since
from evaluations.tables.build import TableError
from evaluations.tables.cells import cell_record, cell_runs
from evaluations.tables.renderers.registry import render
from evaluations.tables.state import read_state
from methods.models import Arena, Method
from papers.parameters import Body, Page, Pages, Word
from papers.web import may_call

router = Router(tags=["snapshots"])


class SnapshotOut(Schema):
    key: str
    title: str
    arena: str
    query: str
    digest: str
    frozen_at: datetime
    frozen_by: str | None


class SnapshotDetail(SnapshotOut):
    intact: bool = Field(description="whether the content still has the address that was made of it")
    codes: dict[str, dict[str, str]]
    claims: list[dict[str, Any]]
    environments: list[dict[str, Any]]
    changes: dict[str, Any] = Field(description="what is different in the same table today")


class FreezeIn(Body):
    arena: Word
    query: str = Field("", description="the table's state as URL parameters, as in its address")
    title: str = ""


class TitleIn(Body):
    title: str


class Recording(Pages):
    """Turns only the rows of the page into data."""

    def paginate_queryset(self, queryset, pagination, request, **params):
        page = super().paginate_queryset(queryset, pagination, request, **params)
        return {**page, "items": [services.snapshot_record(each) for each in page["items"]]}


@router.get("/snapshots", response=list[SnapshotOut], summary="Frozen tables, newest first")
@paginate(Recording, times=("frozen_at",))
def list_snapshots(request, arena: Word = ""):
    return services.snapshot_list(arena)


@router.get("/snapshots/{key}", response=SnapshotDetail, summary="A frozen table, and what changed since")
def get_snapshot(request, key: str):
    return _detail(get_object_or_404(Snapshot.objects.select_related("frozen_by"), key=key))


@router.get("/snapshots/{key}/table", summary="A frozen table as a file",
            openapi_extra={"responses": {200: {"description": "The file"}}})
def get_snapshot_table(request, key: str, format: str = "json"):
    snapshot = get_object_or_404(Snapshot, key=key)
    try:
        contents, media_type, name = render(services.table_of(snapshot), format)
    except TableError as error:
        raise HttpError(400, str(error)) from error
    return HttpResponse(contents, content_type=media_type, headers={
        "Content-Disposition": f'attachment; filename="snapshot-{key}-{name}"'})


@router.post("/snapshots", response={201: SnapshotDetail}, summary="Freeze a table")
@may_call("evaluations.add_snapshot")
def post_snapshot(request, body: FreezeIn):
    arena = Arena.objects.filter(slug=body.arena).first()
    if arena is None:
        raise HttpError(404, f"there is no arena {body.arena}")
    try:
        snapshot = services.freeze_table(arena=arena, state=read_state(arena, QueryDict(body.query)),
                                          by=request.user, title=body.title)
    except ValueError as error:
        raise HttpError(400, str(error)) from error
    return Status(201, _detail(snapshot))


@router.patch("/snapshots/{key}", response=SnapshotOut, summary="Give a snapshot another title")
@may_call("evaluations.change_snapshot")
def patch_snapshot(request, key: str, body: TitleIn):
    get_object_or_404(Snapshot, key=key)
    try:
        return services.snapshot_record(services.retitle_snapshot(key=key, title=body.title, by=request.user))
    except ValueError as error:
        raise HttpError(400, str(error)) from error


@router.get("/arenas/{slug}/cells/{method}", summary="The runs behind one number of a table", response=dict[str, Any])
def get_cell(request, slug: str, method: str, page: Query[Page], column: str = "", setting: str = "",
             scale: str = "full", variant: Word = ""):
    """`limit` and `offset` say which part of the `n` runs; `variant` (such as `lora;r=2`) asks for those of the method
    with hyperparameters of one's own."""
    arena = get_object_or_404(Arena, slug=slug)
    row = get_object_or_404(Method, arena=arena, slug=method)
    try:
        record = cell_record(cell_runs(arena, row, column or arena.primary_metric["name"], setting=setting,
                                       scale=scale, variant=variant))
    except TableError as error:
        raise HttpError(400, str(error)) from error
    return record | {"runs": page.of(record["runs"])}


def _detail(snapshot: Snapshot) -> dict[str, Any]:
    arena = Arena.objects.filter(pk=snapshot.arena).first()
    return {**services.snapshot_record(snapshot), "intact": services.is_intact(snapshot),
            "codes": services.codes_of(snapshot), "claims": snapshot.claims, "environments": snapshot.environments,
            "changes": changes_record(changes_since(snapshot, arena, services.state_of(snapshot, arena)))}
