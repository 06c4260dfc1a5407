"""Count papers by link kind, fidelity, measured and verdict."""

import json

from django.core.management.base import BaseCommand

from methods.selectors import coverage


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("--json", action="store_true")

    def handle(self, **options):
        counted = coverage()
        if options["json"]:
            self.stdout.write(json.dumps(counted, indent=2))
            return
        self.stdout.write(f"{counted['papers']} papers")
        for group, counts in counted.items():
            if group != "papers":
                self.stdout.write(f"  {group}: " + ", ".join(f"{n} {name}" for name, n in counts.items()))
