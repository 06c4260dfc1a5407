"""Mirror the method files into the database: arenas, methods, claims, and the starter digest they make.

Files that did not change are not read; when none did, this takes a glance. A broken file is named, and the others
are mirrored.
"""

from django.core.management.base import BaseCommand

from evaluations.claims.mirror import sync_claims
from evaluations.claims.verdicts import update_verdicts
from evaluations.models import Prepared
from methods.mirror import import_starter_digest, library_key, sync_methods
from methods.models import Arena

STEP = "what follows from the library"


class Command(BaseCommand):
    help = __doc__

    def handle(self, **options):
        report = sync_methods()
        for file in report.broken:
            self.stderr.write(self.style.ERROR(f"Broken: {file}"))
        key = library_key()
        if Prepared.is_done(STEP, key):
            self.stdout.write(str(report))
            return
        self.stdout.write(f"{report}; {sync_claims()} claims")
        for arena in Arena.objects.filter(present=True):
            update_verdicts(arena=arena)
        self.stdout.write(str(import_starter_digest()))
        Prepared.done(STEP, key)
