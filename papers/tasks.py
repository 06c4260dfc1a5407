"""Background work on papers, on the queue "tasks"; each task is one service call and may be delivered twice."""

from celery import current_app, shared_task


@shared_task(name="papers.embed_texts")
def embed_texts() -> int:
    """Embed new and changed texts, refresh index and clusters, then start what waits for that."""
    from papers.extensions import extensions
    from papers.search.refresh import embed_texts as embed
    try:
        return embed()
    finally:  # papers are linked by title even where meaning is missing
        for task in extensions.after_embedding:
            current_app.signature(task).apply_async(queue="tasks")


@shared_task(name="papers.import_digest")
def import_digest(pk: int) -> str:
    """Carry out, or go on with, the import of a stored original; nothing happens when it is complete or taken back."""
    from papers.models import Digest
    from papers.services import continue_import
    digest = Digest.objects.filter(pk=pk, state=Digest.IMPORTING).first()
    return continue_import(digest=digest).summary if digest else "nothing is left to do"


@shared_task(name="papers.rebuild_index")
def rebuild_index() -> int:
    """Rebuild the index if it is behind its vectors; returns its size."""
    from papers.search.index import rebuild_index as rebuild
    return rebuild()["size"]
