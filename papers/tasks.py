"""Background work on papers, on the queue "tasks"; each task is one service call and may be delivered twice."""

from celery import current_app, shared_task


@shared_task(name="papers.embed_texts")
def embed_texts() -> int:
    """Embed new and changed texts, refresh index and clusters, then have every paper linked to methods."""
    from papers.search.refresh import embed_texts as embed
    try:
        return embed()
    finally:  # a card's own papers are linked by title even where meaning is missing
        current_app.signature("methods.link_papers").apply_async(queue="tasks")


@shared_task(name="papers.rebuild_index")
def rebuild_index() -> int:
    """Rebuild the index if it is behind its vectors; returns its size."""
    from papers.search.index import rebuild_index as rebuild
    return rebuild()["size"]
