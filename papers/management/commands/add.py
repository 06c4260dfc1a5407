"""manage.py add ID…: add papers by arXiv id, DOI or address."""

import sys

from django.core.management.base import BaseCommand, CommandError

from papers.sources.models import WantedPaper
from papers.sources.wanted import NotAdded, fetch_wanted, want_papers


class Command(BaseCommand):
    help = ("Add papers by arXiv id, DOI, or an address at arXiv, OpenReview, ACL Anthology, Hugging Face papers or "
            "GitHub. What cannot be fetched now is kept, and tried again while the services run.")

    def add_arguments(self, parser):
        parser.add_argument("ids", nargs="+", metavar="ID", help="an identifier or address, or - for standard input")

    def handle(self, *, ids, **options):
        text = "\n".join(sys.stdin.read() if each == "-" else each for each in ids)
        try:
            wanted = want_papers(text=text)
        except NotAdded as error:
            raise CommandError(str(error)) from None
        if any(row.state == WantedPaper.QUEUED for row in wanted):
            self.stderr.write(f"fetching {sum(row.state == WantedPaper.QUEUED for row in wanted)} …")
            fetch_wanted()
        waiting = 0
        for row in WantedPaper.objects.filter(pk__in=[row.pk for row in wanted]).order_by("pk").select_related("paper"):
            if row.paper:
                self.stdout.write(f"{row}: {row.paper.title} (paper {row.paper.pk})")
            else:
                waiting += 1
                self.stderr.write(self.style.ERROR(f"{row}: waiting: {row.reason or 'another process fetches it'}"))
        if waiting == len(wanted):
            raise CommandError("none could be fetched; they are kept and tried again")
