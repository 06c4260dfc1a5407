"""Papers and digests as data."""

import json
from datetime import date, datetime
from typing import Annotated, Any, Literal

from django.core.exceptions import RequestDataTooBig
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from ninja import Field, Query, Router, Schema, Status
from ninja.errors import HttpError
from ninja.pagination import paginate
from pydantic import ValidationError

from papers import selectors
from papers.bibliography.items import Papers
from papers.bibliography.registry import NoSuchFormat
from papers.bibliography.responses import Format, download
from papers.bibliography.selectors import papers_found
from papers.digests.columns import chosen_columns
from papers.digests.records import DigestError
from papers.extensions import asker_of, extensions
from papers.following.api import router as following_router
from papers.forms import UPLOAD_LIMIT, OneOf
from papers.identity.api import router as identity_router
from papers.identity.merging import now_at
from papers.identity.selectors import addressed, origins_of, versions_of
from papers.models import Digest, Paper
from papers.parameters import Body, Id, Page, Pages, Problem, Since, Word, Year, body_error
from papers.search.api import SearchQuery
from papers.search.api import router as search_router
from papers.services import import_digest, preview_digest
from papers.shelf.api import router as shelf_router
from papers.web import account_of_call, may_call

router = Router(tags=["papers"])


class PaperQuery(Schema):
    q: Annotated[Word, Field(description="words that all stand in title or abstract")] = ""
    digest: Annotated[Id | None, Field(description="listed in this digest")] = None
    cluster: Id | None = None
    year: Year | None = None
    link: Annotated[str, OneOf("link"), Field(description="best link to a method")] = ""
    verdict: Annotated[str, OneOf("verdict")] = ""
    mine: Annotated[str, OneOf("is"), Field(alias="is", description="of the account that asks")] = ""
    after: Annotated[Id | None, Field(description="those that follow this paper in the order; sooner than a large "
                                                  "`offset`, to read a long list")] = None
    sort: Literal["newest", "oldest", "title", "year"] = "newest"


class PaperFileQuery(PaperQuery):
    since: Since = None


class WithMethods(Pages):
    """Asks for the methods of the page's papers only, all at once."""

    def paginate_queryset(self, queryset, pagination, request, **params):
        page = super().paginate_queryset(queryset, pagination, request, **params)
        return {**page, "items": with_methods(list(page["items"]))}


def with_methods(papers: list[Paper]) -> list[Paper]:
    """The papers, each with the `method_links` that PaperOut shows."""
    links = extensions.links_by_paper([paper.pk for paper in papers])
    for paper in papers:
        paper.method_links = links.get(paper.pk, [])  # type: ignore[attr-defined]  # for this answer alone
    return papers


class ClusterRef(Schema):
    id: int
    label: str


FILE: dict[str, Any] = {"responses": {200: {"description": "The file"}}}


class MethodRef(Schema):
    method: str
    kind: str
    state: str


class PaperOut(Schema):
    id: int
    title: str
    abstract: str
    described: Annotated[bool, Field(description="the abstract is a stand-in description")]
    arxiv_id: str | None
    doi: str | None
    year: int | None
    published_on: date | None
    authors: list[str]
    urls: list[str]
    venue: Annotated[str, Field(description="journal, conference or book; empty where no source says")]
    cluster: ClusterRef | None
    methods: list[MethodRef]
    created_at: datetime
    updated_at: datetime
    withdrawn: Annotated[bool, Field(description="its authors have withdrawn it, as a digest says")]

    @staticmethod
    def resolve_methods(paper):
        return [{"method": link.key, "kind": link.kind, "state": link.state} for link in paper.method_links]


class PlaceOut(Schema):
    digest: int
    name: str
    position: int
    line: int | None

    @staticmethod
    def resolve_digest(place):
        return place.digest_id

    @staticmethod
    def resolve_name(place):
        return place.digest.name


class IdentifierOut(Schema):
    kind: str
    value: str


class OriginOut(Schema):
    field: str
    source: Annotated[str, Field(description="what kind of source the value came from")]
    digest: Annotated[str, Field(description="the name of its digest; empty where it is no longer known")]


class VersionOut(OriginOut):
    value: str


class PaperDetail(PaperOut):
    other_titles: list[str]
    appearances: list[PlaceOut]
    identifiers: list[IdentifierOut]
    origins: Annotated[list[OriginOut], Field(description="where each value shown came from")]
    versions: Annotated[list[VersionOut], Field(description="values that sources gave and the paper does not show")]

    @staticmethod
    def resolve_identifiers(paper):
        return addressed(paper)

    @staticmethod
    def resolve_origins(paper):
        return origins_of(paper)

    @staticmethod
    def resolve_versions(paper):
        return versions_of(paper)

    @staticmethod
    def resolve_other_titles(paper):
        return [other.title for other in paper.other_titles.all()]

    @staticmethod
    def resolve_appearances(paper):
        return list(selectors.appearances_of(paper))


class DigestOut(Schema):
    id: int
    name: str
    format: str
    sha256: str
    state: Annotated[str, Field(description="complete, or importing or removing while that goes on or was stopped")]
    imported_at: datetime
    imported_by: str | None
    entries: int
    rejects: int

    @staticmethod
    def resolve_imported_by(digest):
        return digest.imported_by.get_username() if digest.imported_by else None


class EntryOut(Schema):
    position: int
    line: int | None
    paper: int
    title: str

    @staticmethod
    def resolve_paper(place):
        return place.paper_id

    @staticmethod
    def resolve_title(place):
        return place.paper.title


class RejectOut(Schema):
    line: int | None
    reason: str
    excerpt: str


class DigestDetail(DigestOut):
    appearances: Annotated[list[EntryOut], Field(description="the part that was asked for, of `entries`")]
    rejections: Annotated[list[RejectOut], Field(description="the part that was asked for, of `rejects`")]

    @staticmethod
    def resolve_appearances(digest):
        return digest.appearances_shown

    @staticmethod
    def resolve_rejections(digest):
        return digest.rejections_shown


class ChangeOut(Schema):
    field: str
    before: str
    after: str


class ImportedEntry(Schema):
    position: int
    line: int | None
    title: str
    paper: int | None
    outcome: Literal["new", "known", "merged"]
    changes: list[ChangeOut]


class ImportOut(Schema):
    name: str
    sha256: str
    format: str
    digest: Annotated[int | None, Field(description="null in a dry run")]
    already_imported: bool
    error: str
    appearances: int
    new: int
    known: int
    merged: int
    rejected: int
    notes: list[str]
    headings: Annotated[list[str], Field(description="of a table")]
    columns: Annotated[dict[str, str], Field(description="which heading of a table was read as which field")]
    entries: list[ImportedEntry]
    rejects: list[RejectOut]


class Unreadable(Problem):
    rejects: list[RejectOut] = []


class Pasted(Body):
    name: Annotated[str, Field(max_length=Digest._meta.get_field("name").max_length)] = "pasted text"
    text: str


UPLOAD_BODY: dict[str, Any] = {"requestBody": {"required": True, "content": {
    "application/json": {"schema": Pasted.model_json_schema()},
    "multipart/form-data": {"schema": {
        "type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}},
}}}


@router.get("/papers", response=list[PaperOut])
@paginate(WithMethods, times=("created_at",))
def papers(request, filters: Query[PaperQuery]):
    """Newest first unless `sort` says otherwise."""
    asker = account_of_call(request) if filters.mine else asker_of(request)
    return selectors.paper_list(asker=asker, **filters.dict(by_alias=True)).prefetch_related("cluster")


@router.get("/papers/bibliography", summary="A list of papers as a file", openapi_extra=FILE)
def papers_as_file(request, filters: Query[PaperFileQuery], format: Format = "bibtex"):
    """All papers of the list, streamed."""
    asker = account_of_call(request) if filters.mine else asker_of(request)
    return _file(selectors.paper_list(asker=asker, **filters.dict(by_alias=True)), format)


@router.get("/search/bibliography", summary="The papers that a search finds, as a file", openapi_extra=FILE)
def search_as_file(request, query: Query[SearchQuery], format: Format = "bibtex"):
    """In the order of the search; `limit` and `offset` do not count."""
    return _file(papers_found(query.q, query.dict(), asker_of(request)), format)


def _file(papers: Papers, name: str):
    try:
        return download(papers, name)
    except NoSuchFormat as error:
        raise HttpError(422, f"{error}.") from error


@router.get("/papers/{paper_id}", response={200: PaperDetail, 302: None})
def paper(request, paper_id: Id):
    """A paper; a number that became part of another paper leads to that one (302)."""
    if not Paper.objects.filter(pk=paper_id).exists() and (kept := now_at(paper_id)):
        return redirect(reverse("api:paper", args=[kept]))
    return with_methods([get_object_or_404(Paper.objects.select_related("cluster"), pk=paper_id)])[0]


@router.get("/digests", response=list[DigestOut])
@paginate(Pages, times=("imported_at",))
def digests(request):
    """Newest first, with entries and rejects counted."""
    return selectors.digest_list()


@router.get("/digests/{digest_id}", response=DigestDetail)
def digest(request, digest_id: Id, page: Query[Page]):
    """A digest with its entries in their order and the parts that could not be read, `limit` of each from `offset`."""
    found: Any = get_object_or_404(selectors.digest_list(), pk=digest_id)  # with the parts asked for
    found.appearances_shown = list(page.of(selectors.digest_entries(found)))
    found.rejections_shown = list(page.of(found.rejections.all()))
    return found


@router.post("/digests", response={200: ImportOut, 201: ImportOut, 422: Unreadable}, openapi_extra=UPLOAD_BODY)
@may_call("papers.add_digest")
def import_a_digest(request, dry_run: bool = False, columns: Annotated[str, Field(
        max_length=2000, description="of a table with unusual headings: title=Naam,authors=Auteurs")] = ""):
    """Import a digest: a `file` (multipart), or JSON with `text` and a `name`.

    201 when it was stored, 200 when these bytes were imported before or with `dry_run`, 422 when nothing could be
    read from it.
    """
    name, data = _upload(request)
    if len(data) > UPLOAD_LIMIT:
        raise HttpError(413, f"{name}: larger than {UPLOAD_LIMIT >> 20} MB; import it on the server with "
                             "`manage.py ingest`.")
    try:
        chosen = chosen_columns(columns)
        report = preview_digest(name=name, data=data, columns=chosen) if dry_run else \
            import_digest(name=name, data=data, imported_by=request.user, columns=chosen)
    except DigestError as error:
        return Status(422, {"detail": str(error), "rejects": list(error.rejects)})
    return Status(200 if dry_run or report.already_imported else 201, report.as_dict())


def _upload(request) -> tuple[str, bytes]:
    """The digest's name and bytes. Raises HttpError when the body holds none."""
    if request.content_type == "multipart/form-data":
        file = request.FILES.get("file")
        if file is None:
            raise HttpError(400, "The form has no file named “file”.")
        return file.name, file.read()
    try:
        body = json.loads(request.body)
    except RequestDataTooBig:
        raise HttpError(413, "The body is too large; send the digest as a file.") from None
    except (ValueError, RecursionError) as error:
        raise HttpError(400, f"The body is neither a form with a file nor JSON: {error}") from None
    try:
        pasted = Pasted.model_validate(body)
    except ValidationError as error:
        raise body_error(error, Pasted) from None
    return pasted.name or "pasted text", pasted.text.encode()


router.add_router("", identity_router)
router.add_router("", search_router)
router.add_router("", shelf_router)
router.add_router("", following_router)
