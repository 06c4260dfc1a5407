"""Background work of the methods app."""

from celery import shared_task

from methods.linking import refresh_links


@shared_task(name="methods.link_papers")
def link_papers() -> str:
    """Links anew, if anything they depend on has changed."""
    return str(refresh_links() or "nothing has changed")
