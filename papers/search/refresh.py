"""Bringing everything that hangs on the texts up to date: vectors, then index, clusters and map."""

from __future__ import annotations

import logging
from collections.abc import Callable

from filelock import FileLock, Timeout

from papers.models import SearchText
from papers.search.clustering import update_clusters
from papers.search.embedding import embed_pending, note_problem
from papers.search.encoder import model_id
from papers.search.export import text_encoder
from papers.search.index import rebuild_index
from papers.search.places import refresh_places
from papers.search.vectors import index_dir, pending_texts

logger = logging.getLogger(__name__)


def embed_texts(*, report: Callable[[int, int], None] | None = None) -> int:
    """Embed the texts that lack a vector, then refresh index, clusters and map. Returns how many were embedded.

    One process at a time does it: a second returns 0 at once, and the first looks again after it let go.
    `report` hears (done, total). Raises EncoderUnavailable when the model cannot be loaded.
    """
    embedded = 0
    lock = FileLock(index_dir() / "embedding.lock")
    while True:
        try:
            with lock.acquire(timeout=0):
                embedded += _refresh(report)
                model = model_id()
        except Timeout:
            logger.info("Another process is embedding; it takes the new texts too")
            return embedded
        if not model or not pending_texts(model).exists():
            return embedded


def _refresh(report: Callable[[int, int], None] | None) -> int:
    try:
        encoder = text_encoder()
        embedded = embed_pending(encoder, report)
        if SearchText.objects.filter(embedded_by=encoder.model_id).exists():
            rebuild_index()
            update_clusters()
            refresh_places()
    except Exception as error:
        note_problem(error)
        raise
    note_problem(None)
    return embedded
