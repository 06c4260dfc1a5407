"""Write measured runs as results files that load_results reads (default: where shipped files live), a compressed file
for each arena and setting; `zcat` shows one."""

from pathlib import Path

from django.core.management.base import BaseCommand

from evaluations.runs.results_files import SHIPPED, write_results
from methods.models import Arena


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("arenas", nargs="*", help="default: all")
        parser.add_argument("--folder", type=Path, default=SHIPPED)

    def handle(self, arenas, folder, **options):
        folder.mkdir(parents=True, exist_ok=True)
        for arena in arenas or Arena.objects.filter(present=True).values_list("slug", flat=True):
            for path, runs, size in write_results(arena, folder):
                self.stdout.write(f"{path}: {runs} runs, {size / 1e3:.0f} kB")
