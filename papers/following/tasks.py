"""Telling followers, on the queue "tasks"; each task may be delivered twice."""

from celery import current_app, shared_task
from django.utils import timezone


@shared_task(name="following.tell_followers")
def tell_followers() -> int:
    """Tell of what happened since the last time, and send every channel with something due to a worker by itself."""
    from papers.following.events import forget_old
    from papers.following.events import tell_followers as tell
    from papers.following.sending import due_channels
    told = tell()
    for pk in due_channels(timezone.now()):
        current_app.signature("following.deliver", args=[pk]).apply_async(queue="tasks", expires=600)
    forget_old()
    return told


@shared_task(name="following.deliver")
def deliver(pk: int) -> int:
    """Send what is due on one channel; nothing happens while another worker is at it."""
    from papers.following.sending import deliver as send
    return send(pk)
