"""manage.py embed: vectors, index and clusters, here or in a worker."""

import time

from django.core.management.base import BaseCommand, CommandError
from kombu.exceptions import OperationalError

from papers.search.embedding import embedding_progress
from papers.search.encoder import EncoderUnavailable
from papers.search.refresh import embed_texts
from papers.services import ask_for_embedding


class Command(BaseCommand):
    help = "Embed new and changed texts, refresh the index and the clusters. Without --now a worker does it."

    def add_arguments(self, parser):
        place = parser.add_mutually_exclusive_group()
        place.add_argument("--now", action="store_true", help="do it in this process")
        place.add_argument("--wait", action="store_true", help="leave it to a worker and wait until it is done")

    def handle(self, *, now, wait, **options):
        if now:
            started = time.monotonic()
            try:
                embedded = embed_texts(report=self._show)
            except EncoderUnavailable as error:
                raise CommandError(str(error)) from None
            progress = embedding_progress()
            self.stdout.write(f"{embedded} texts embedded in {time.monotonic() - started:.1f} s; "
                              f"{progress.done} of {progress.total} by {progress.model_id or 'no model'}")
            return
        try:
            ask_for_embedding()
        except OperationalError as error:
            raise CommandError(f"no broker to ask a worker through ({error}); use --now") from None
        progress = embedding_progress()
        self.stdout.write(f"Asked a worker; {progress.done} of {progress.total} texts are embedded")
        before, earlier = progress.done, progress.problem
        while wait and not progress.complete:
            time.sleep(0.5)
            progress = embedding_progress()
            if progress.problem and progress.problem != earlier:
                raise CommandError(progress.problem)
            if progress.done != before:
                before = progress.done
                self._show(progress.done, progress.total)

    def _show(self, done: int, total: int) -> None:
        self.stdout.write(f"{done} of {total} texts embedded")
        self.stdout.flush()
