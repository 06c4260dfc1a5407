"""Mirror the method files into the database: arenas, methods, claims, and the starter digest they make."""

from django.core.management.base import BaseCommand

from evaluations.claims.mirror import sync_claims
from evaluations.claims.verdicts import update_verdicts
from methods.mirror import import_starter_digest, sync_methods
from methods.models import Arena


class Command(BaseCommand):
    help = __doc__

    def handle(self, **options):
        report = sync_methods()
        self.stdout.write(f"{report}; {sync_claims()} claims")
        if report.added or report.changed or report.gone:
            for arena in Arena.objects.filter(present=True):
                update_verdicts(arena=arena)
        self.stdout.write(str(import_starter_digest()))
