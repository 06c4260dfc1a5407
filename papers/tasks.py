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
        for task in ("papers.find_duplicates", *extensions.after_embedding):
            current_app.signature(task).apply_async(queue="tasks")


@shared_task(name="papers.find_duplicates")
def find_duplicates() -> int:
    """Look for papers whose titles are nearly the same; a person decides whether they are one."""
    from papers.identity.questions import find_duplicates as find
    return find()


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


@shared_task(name="papers.run_due_sources")
def run_due_sources() -> int:
    """Send every source that is due to a worker, each by itself, and the wanted papers that are due."""
    from papers.sources.services import run_due
    current_app.signature("papers.fetch_wanted").apply_async(queue="tasks")
    return run_due(send=lambda pk: current_app.signature("papers.run_source", args=[pk, True]).apply_async(
        queue="tasks", expires=600))


@shared_task(name="papers.run_source")
def run_source(pk: int, due_only: bool = True) -> str:
    """Fetch one source, if it is due still; nothing happens while another worker is at it."""
    from papers.sources.fetching import run_source as run
    fetch = run(pk=pk, due_only=due_only)
    return str(fetch) if fetch else "nothing is due"


@shared_task(name="papers.enrich_papers")
def enrich_papers() -> int:
    """Look up some papers and their code elsewhere, where that is switched on; returns how many papers."""
    from papers.sources.code_links import check_code_links
    from papers.sources.enrichment import enrich_papers as enrich
    looked_up = enrich()
    check_code_links()
    return looked_up


@shared_task(name="papers.fetch_wanted")
def fetch_wanted() -> int:
    """Fetch the papers that were asked for by identifier and are due; returns how many arrived."""
    from papers.sources.wanted import fetch_wanted as fetch
    return fetch()
