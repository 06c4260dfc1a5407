"""Write an arena's measured runs as a results file that load_results reads (default: where shipped files live)."""

from pathlib import Path

from django.core.management.base import BaseCommand

from evaluations.runs.results import SHIPPED, dump_results
from methods.models import Arena


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("arenas", nargs="*", help="default: all")
        parser.add_argument("--folder", type=Path, default=SHIPPED)

    def handle(self, arenas, folder, **options):
        folder.mkdir(parents=True, exist_ok=True)
        for arena in arenas or Arena.objects.filter(present=True).values_list("slug", flat=True):
            text = dump_results(arena)
            (folder / f"{arena}.json").write_text(text)
            self.stdout.write(f"{folder / arena}.json: {text.count(chr(10)) - 2} runs, {len(text) / 1e6:.2f} MB")
