"""What search stands on: the words of every paper and method, their vectors, the index made of those."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from django.db import transaction
from django.db.models import Exists, OuterRef
from filelock import FileLock, Timeout

from config.backup.progress import Progress
from config.data_checks.findings import MEND, Finding, named
from methods.mirror import search_row as method_row
from methods.models import Method
from papers.models import Paper, Revision, SearchText, Vector
from papers.search.encoder import model_id
from papers.search.index import Index, index_manifest, rebuild_index
from papers.search.refresh import embed_texts
from papers.search.vectors import current_vectors, index_dir, pending_texts
from papers.search_texts import SearchRow, record_search_texts, search_row, text_hash

OF_PAPER = ("title", "abstract", "authors", "arxiv_id", "doi", "urls")  # what `search_row` reads


def words() -> Iterator[Finding]:
    """Every paper and every present method has its words in search, and nothing else has."""
    methods = Method.objects.only("arena", "slug", "title", "summary", "explanation")
    wanted = {(row.kind, row.key): row for row in (
        *map(search_row, Paper.objects.only(*OF_PAPER).iterator(chunk_size=2000)),
        *(SearchRow(*method_row(method)) for method in methods))}
    there = {(kind, key): (pk, known, authors, ids) for pk, kind, key, known, authors, ids in
             SearchText.objects.values_list("pk", "kind", "key", "text_hash", "authors", "ids").iterator(
                 chunk_size=5000)}
    wrong = [row for identity, row in wanted.items()
             if there.get(identity, (0, "", "", ""))[1:] != (text_hash(row.title, row.body), row.authors, row.ids)]
    if wrong:
        titles = named(row.title for row in wrong)
        yield Finding("search", f"the words of {len(wrong)} papers or methods ({titles}) are not what search knows",
                      MEND, lambda: f"{record_search_texts(wrong)} texts recorded; embed them: manage.py embed --now")
    if orphans := [there[identity][0] for identity in there.keys() - wanted.keys()]:
        yield Finding("search", f"{len(orphans)} texts belong to no paper or method", MEND,
                      lambda: _forget_texts(orphans))


def vectors(progress: Progress) -> Iterator[Finding]:
    broken, total = [], Vector.objects.count()
    rows = Vector.objects.values_list("pk", "dimension", "values").iterator(chunk_size=2000)
    for number, (pk, dimension, values) in enumerate(rows, 1):
        progress.tell("reading vectors", number, total)
        if len(values) != 4 * dimension or abs(np.linalg.norm(np.frombuffer(values, "<f4")) - 1) > 0.01 \
                or not np.isfinite(np.frombuffer(values, "<f4")).all():
            broken.append(pk)
    if broken:
        yield Finding("vectors", f"{len(broken)} vectors are no vectors of unit length ({named(broken)})", MEND,
                      lambda: _without(broken))
    model = model_id()
    if model is None:
        if total:
            yield Finding("vectors", "the encoder is not prepared on this machine yet, so its vectors are not used",
                          "manage.py embed --now", _embed)
        return
    theirs = Vector.objects.filter(text=OuterRef("pk"), model_id=OuterRef("embedded_by"),
                                   text_hash=OuterRef("text_hash"))
    if wrong := list(SearchText.objects.exclude(embedded_by="").filter(~Exists(theirs)).values_list("pk", flat=True)):
        yield Finding("vectors", f"{len(wrong)} texts are marked as embedded and have no vector of their words "
                      f"({named(wrong)})", MEND, lambda: _believe_the_vectors(wrong))
    if lacking := pending_texts(model).count():
        busy = _embedding_now()
        yield Finding("vectors", f"{lacking} texts have no vector of {model}" + (", and are being embedded" if busy
                      else ""), "wait for it" if busy else f"manage.py embed --now, or {MEND}",
                      None if busy else _embed, note=busy)
    others = Vector.objects.exclude(model_id=model)
    if count := others.count():
        yield Finding("vectors", f"{count} vectors are of other models "
                      f"({named(others.order_by().values_list('model_id', flat=True).distinct())}) than {model}",
                      f"keep them to go back to that model, or {MEND} removes those whose text {model} has embedded",
                      lambda: _forget_others(model), note=bool(current_vectors(model).exists()))


def index() -> Iterator[Finding]:
    """The index holds as many vectors as are stored."""
    model = model_id()
    stored = current_vectors(model).count() if model else 0
    if not model or not stored:
        return
    manifest, problem = index_manifest(), ""
    if manifest is None:
        problem = f"there is no index of the {stored} vectors"
    else:
        try:
            opened = Index(index_dir(), manifest)
            if opened.model_id != model:
                problem = f"the index is of {opened.model_id}, the vectors of {model}"
            elif opened.faiss.ntotal != len(opened.text_ids) or opened.size != stored:
                problem = f"the index holds {opened.size} vectors, {stored} are stored"
        except (OSError, RuntimeError, KeyError, ValueError) as error:
            problem = f"the index cannot be opened: {error}"
    if problem:
        yield Finding("index", problem, f"{MEND} builds it from the vectors", _rebuild)


def _rebuild() -> str:
    (index_dir() / "manifest.json").unlink(missing_ok=True)
    return f"built anew with {rebuild_index()['size']} vectors"


def _without(broken: list[int]) -> str:
    with transaction.atomic():
        SearchText.objects.filter(vectors__in=broken).update(embedded_by="")
        Vector.objects.filter(pk__in=broken).delete()
        Revision.grow(Revision.VECTORS)
    return f"{len(broken)} removed; {_embed()}"


def _forget_texts(pks: list[int]) -> str:
    with transaction.atomic():
        removed = SearchText.objects.filter(pk__in=pks).delete()[0]
        Revision.grow(Revision.VECTORS)
    return f"{removed} rows removed"


def _believe_the_vectors(pks: list[int]) -> str:
    SearchText.objects.filter(pk__in=pks).update(embedded_by="")
    return f"{len(pks)} texts marked; {_embed()}"


def _embed() -> str:
    return f"{embed_texts()} texts embedded"


def _forget_others(model: str) -> str:
    have = current_vectors(model).values("text")
    return f"{Vector.objects.exclude(model_id=model).filter(text__in=have).delete()[0]} removed"


def _embedding_now() -> bool:
    try:
        with FileLock(index_dir() / "embedding.lock").acquire(timeout=0):
            return False
    except Timeout:
        return True
