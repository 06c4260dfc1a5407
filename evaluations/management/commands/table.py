"""Print an arena's comparison table, or write it to a file."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from evaluations.tables.build import TableError
from evaluations.tables.renderers.registry import formats, render
from evaluations.tables.state import VIEWS, TableState, default_state
from methods.models import Arena

BINARY = ("every_eval_ever", "parquet", "xlsx")


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("arena")
        parser.add_argument("--setting")
        parser.add_argument("--scale", default="full")
        parser.add_argument("--method", action="append", default=[], dest="methods", help="only these; repeatable")
        parser.add_argument("--variant", action="append", default=[], dest="variants",
                            help="a row with hyperparameters of your own, such as “lora;r=2”; repeatable")
        parser.add_argument("--metric", action="append", default=[], dest="metrics", help="only these; repeatable")
        parser.add_argument("--sort", default="", help="a column, with - in front for descending")
        parser.add_argument("--view", default="metrics", choices=VIEWS)
        parser.add_argument("--vs-baseline", action="store_true", help="add paired differences to the baseline")
        parser.add_argument("--format", default="markdown", choices=list(formats()))
        parser.add_argument("--out", type=Path, help="the file to write; needed for xlsx, parquet and every_eval_ever")

    def handle(self, *, arena, setting, scale, methods, variants, metrics, sort, view, vs_baseline, format, out,
               **options):
        found = Arena.objects.filter(slug=arena).first()
        if found is None:
            raise CommandError(f"no arena {arena}; there are {', '.join(Arena.objects.values_list('slug', flat=True))}")
        if format in BINARY and not out:
            raise CommandError(f"{format} is not text: name a file with --out")
        state = TableState(setting or default_state(found).setting, scale, tuple(metrics), tuple(methods), sort, view,
                           "baseline" if vs_baseline else "", variants=tuple(variants))
        try:
            contents, _, _ = render(state.build(found), format)
        except TableError as error:
            raise CommandError(str(error)) from error
        if out:
            out.write_bytes(contents)
            self.stderr.write(f"{out}: {len(contents):,} bytes")
        else:
            self.stdout.write(contents.decode(), ending="")
