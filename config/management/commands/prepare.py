"""Bring a data folder up to date: database, method library, shipped results, vectors, clusters, links
and reported numbers.

Every step is safe to repeat and does only what is missing.
"""

from django.core.management import call_command
from django.core.management.base import BaseCommand

from config import privacy
from papers.services import request_embedding
from workers.health import remember_prefix

NEEDED = (("Preparing the database", ["migrate", "--verbosity=0"]),
          ("Reading the method library", ["sync_methods"]),
          ("Loading shipped results", ["load_results"]))
# what workers also do by themselves, each minute and while the site answers already
BY_WORKERS = (("Embedding and clustering what is new", ["embed", "--now"]),
              ("Linking papers to methods", ["link"]),
              ("Reading what abstracts report", ["claims", "--refresh"]))


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("--leave-to-workers", action="store_true",
                            help="only what the site needs to answer; vectors and links are left to the workers")

    def handle(self, leave_to_workers, **options):
        closed, failed = privacy.close()
        if closed:
            self.stdout.write(f"Closed {closed} files and folders of the data folder to others.")
        for reason in failed:
            self.stderr.write(f"Not closed to others: {reason}")
        for said, command in NEEDED if leave_to_workers else NEEDED + BY_WORKERS:
            self.stdout.write(f"{said} …")
            self.stdout.flush()
            call_command(*command, stdout=self.stdout)
        remember_prefix()
        if leave_to_workers:
            request_embedding()
