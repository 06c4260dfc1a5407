"""Remove what nothing needs any more: originals of digests removed a month ago, kept code of no run, old logs, stale
caches, folders of dead runs. What goes when stands in docs/housekeeping.md; the scheduler does this every hour.
"""

from django.core.management.base import BaseCommand
from django.template.defaultfilters import filesizeformat

from workers.housekeeping.disk_use import disk_use
from workers.housekeeping.services import keep_house


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="say what would go, and change nothing")

    def handle(self, dry_run, **options):
        for row in (removed := keep_house(dry_run=dry_run)):
            size = f", {filesizeformat(row['bytes'])}" if row["bytes"] else ""
            self.stdout.write(f"{'would remove' if dry_run else 'removed'}: {row['number']:,} × {row['kind']}{size}")
        if not removed:
            self.stdout.write("Nothing to remove.")
        for kind, held in sorted(disk_use().items(), key=lambda item: -item[1]):
            self.stdout.write(f"  {filesizeformat(held):>12}  {kind}")
