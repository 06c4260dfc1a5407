"""Bring a data folder up to date: database, method library, shipped results, vectors, clusters, links
and reported numbers.

Every step is safe to repeat and does only what is missing.
"""

from django.core.management import call_command
from django.core.management.base import BaseCommand

from config import privacy
from workers.health import remember_prefix

STEPS = (("Preparing the database", ["migrate", "--verbosity=0"]),
         ("Reading the method library", ["sync_methods"]),
         ("Embedding and clustering what is new", ["embed", "--now"]),
         ("Linking papers to methods", ["link"]),
         ("Reading what abstracts report", ["claims", "--refresh"]),
         ("Loading shipped results", ["load_results"]))


class Command(BaseCommand):
    help = __doc__

    def handle(self, **options):
        closed, failed = privacy.close()
        if closed:
            self.stdout.write(f"Closed {closed} files and folders of the data folder to others.")
        for reason in failed:
            self.stderr.write(f"Not closed to others: {reason}")
        for said, command in STEPS:
            self.stdout.write(f"{said} …")
            self.stdout.flush()
            call_command(*command, stdout=self.stdout)
        remember_prefix()
