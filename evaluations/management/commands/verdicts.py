"""Recompute the verdicts from the runs and list every claim with where it stands."""

import json

from django.core.management.base import BaseCommand, CommandError

from evaluations.claims.record import ClaimRecord
from evaluations.claims.verdicts import NOT_MEASURED, claim_list, update_verdicts
from evaluations.models import Verdict
from methods.models import Arena


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("arenas", nargs="*", metavar="ARENA", help="only these; all when left out")
        parser.add_argument("--json", action="store_true")

    def handle(self, *, arenas, json: bool, **options):
        known = {arena.slug: arena for arena in Arena.objects.filter(present=True)}
        if unknown := set(arenas) - set(known):
            raise CommandError(f"no arena {', '.join(sorted(unknown))}; there are {', '.join(known)}")
        rows, changed = [], 0
        for slug in arenas or known:
            changed += len(update_verdicts(arena=known[slug]))
            rows += [ClaimRecord.of(standing).data() for standing in claim_list(arena=known[slug])]
        (self._print_json if json else self._print_text)(rows, changed)

    def _print_json(self, rows, changed):
        self.stdout.write(json.dumps({"changed": changed, "claims": rows}, indent=1))

    def _print_text(self, rows, changed):
        for row in rows:
            numbers = "" if row["n"] is None else \
                "  {difference:+.4g} [{low:.4g}, {high:.4g}], n={n}, p={p_value:.2g}".format_map(row)
            stale = " (older code)" if row["stale"] else ""
            self.stdout.write(f"{row['status']:<13}{row['arena']}: {row['claim']}{numbers}{stale}")
        counts = {status: sum(row["status"] == status for row in rows) for status in
                  (*Verdict.STATUSES, NOT_MEASURED)}
        self.stdout.write(f"{len(rows)} claims: " + ", ".join(f"{n} {status}" for status, n in counts.items())
                          + f"; {changed} verdicts changed")
