"""List every claim: what the methods' cards say with its verdict, and the numbers that abstracts report.

New and changed abstracts are read first. Reported numbers are what the papers say; none of them was measured here.
"""

import json

from django.core.management.base import BaseCommand

from evaluations.reported.selectors import DIRECTIONAL, SCALE, ClaimRecords
from evaluations.reported.services import read_new_abstracts


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("--json", action="store_true",
                            help="claims and, apart from them, scale facts (parameters, tokens, languages)")
        parser.add_argument("--refresh", action="store_true", help="only read new and changed abstracts")

    def handle(self, *, json: bool, refresh: bool, **options):
        read = read_new_abstracts()
        if refresh:
            self.stdout.write(f"{read} abstracts read")
            return
        (self._print_json if json else self._print_text)(ClaimRecords()[:])

    def _print_json(self, claims):
        self.stdout.write(json.dumps({"claims": claims, "scale": ClaimRecords(kind=SCALE)[:]}, indent=1,
                                     ensure_ascii=False))

    def _print_text(self, claims):
        for claim in claims:
            if claim["kind"] == DIRECTIONAL:
                self.stdout.write(f"{claim['verdict']:<14}{claim['method']}: {claim['sentence']}")
            else:
                self.stdout.write(f"{claim['status']:<14}{claim['value']:g} {claim['unit']}  “{claim['quote']}”  "
                                  f"({claim['paper']})")
        directional = sum(claim["kind"] == DIRECTIONAL for claim in claims)
        self.stdout.write(f"{directional} directional claims, {len(claims) - directional} reported numbers")
