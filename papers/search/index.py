"""The FAISS index: a cache of the stored vectors, rebuilt from them whenever it is missing or behind.

`papers.search.builds` makes a build, `papers.search.opened` asks one; this module knows which one this process uses.
"""

from __future__ import annotations

import logging
import threading
import time

from celery import current_app
from filelock import Timeout
from kombu.exceptions import OperationalError

from papers.models import Revision, SearchText
from papers.search.builds import rebuild_index
from papers.search.encoder import prepared
from papers.search.opened import Index, IndexUnavailable, index_manifest
from papers.search.vectors import index_dir

logger = logging.getLogger(__name__)

INLINE_LIMIT = 20_000  # up to here whoever asks rebuilds a missing index at once (under a second)
CHECK_SECONDS = 5.0  # how often a process asks the database whether its index is behind

__all__ = ["Index", "IndexUnavailable", "current_index", "index_manifest", "rebuild_index"]


class OpenIndex:
    """The build that this process has open, followed from one to the next."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._index: Index | None = None
        self._stamp: tuple[str, int, int] | None = None  # of the manifest it was opened by
        self._checked = 0.0

    def current(self) -> Index:
        """See `current_index`."""
        model = prepared().model_id
        with self._lock:
            index = self._following(model)
            if index and time.monotonic() - self._checked < CHECK_SECONDS:
                return index
            self._checked = time.monotonic()
            if index and index.manifest["revision"] == Revision.of(Revision.VECTORS):
                return index
            count = SearchText.objects.filter(embedded_by=model).count()
            if count <= INLINE_LIMIT:
                try:
                    rebuild_index(wait=0.0 if index else 30.0)
                except Timeout:
                    logger.info("The index is being rebuilt by another process")
                index = self._following(model)
            else:
                _ask_worker()
            if index is None:
                raise IndexUnavailable(f"the index of {count} vectors is being rebuilt")
            return index

    def _following(self, model: str) -> Index | None:
        """The build the manifest names, opened if it is not yet; None where there is none of this model."""
        path = index_dir() / "manifest.json"
        try:
            status = path.stat()
        except FileNotFoundError:
            self._index = self._stamp = None
            return None
        stamp = (str(path), status.st_mtime_ns, status.st_ino)
        if stamp != self._stamp or self._index is None:
            self._index, self._stamp = None, stamp
            manifest = index_manifest()
            try:
                self._index = Index(index_dir(), manifest) if manifest else None
            except (OSError, RuntimeError, KeyError, ValueError) as error:
                logger.warning("The index cannot be opened and is rebuilt: %s", error)
                path.unlink(missing_ok=True)
        return self._index if self._index and self._index.model_id == model else None


_open_index = OpenIndex()


def current_index() -> Index:
    """The index of the present model, opened or rebuilt as needed.

    Raises EncoderUnavailable when no model is prepared, IndexUnavailable when there is nothing to search or
    a large index has first to be built by a worker.
    """
    return _open_index.current()


_asked = float("-inf")  # when a worker was last asked to rebuild


def _ask_worker() -> None:
    """Ask for a rebuild, at most once a minute; the present index serves meanwhile."""
    global _asked
    if time.monotonic() - _asked < 60:
        return
    _asked = time.monotonic()
    try:
        current_app.signature("papers.rebuild_index").apply_async(queue="tasks", retry=False)
    except (OperationalError, OSError) as error:
        logger.warning("No worker could be asked to rebuild the index: %s", error)
