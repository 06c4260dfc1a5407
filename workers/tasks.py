"""The workers' own tasks: one primary key in, one service call."""

from celery import current_app, shared_task
from django.utils import timezone

from evaluations.models import Worker
from methods.models import Arena
from workers import devices, execution, health
from workers.housekeeping import services


@shared_task(name="workers.execute_run", bind=True)
def execute_run(self, pk: int) -> None:
    heart = health.heart
    execution.execute_run(pk, worker=heart.worker if heart else self.request.hostname or "eager",
                          device=heart.device if heart else devices.CPU)


@shared_task(name="workers.forget_workers")
def forget_workers() -> int:
    """Drop the rows of workers that have not been heard of for long."""
    return Worker.objects.filter(seen_at__lt=timezone.now() - health.FORGET_AFTER).delete()[0]


@shared_task(name="workers.keep_house")
def keep_house() -> None:
    """Remove what nothing needs any more, and note what this machine's disk is used for."""
    services.keep_house()


@shared_task(name="workers.refresh_verdicts")
def refresh_verdicts() -> None:
    """Have every arena's verdicts recomputed; an unchanged basis costs one query each."""
    for slug in Arena.objects.filter(present=True).values_list("slug", flat=True):
        current_app.signature("evaluations.update_verdicts", args=[slug]).apply_async(queue="tasks")
