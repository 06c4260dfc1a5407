"""`manage.py new_method PAPER`: begin a method file from a paper that is here."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from methods.scaffold import NoArena, scaffold
from papers.models import Paper
from papers.selectors import known_as


class Command(BaseCommand):
    help = "Write the file to start a method of a paper from: title, identifier, the arena proposed, hooks to fill."

    def add_arguments(self, parser):
        parser.add_argument("paper", metavar="PAPER", help="its number here, arXiv id, DOI, address, or exact title")
        parser.add_argument("--arena", default="", help="in this arena; without it, that of the nearest methods")
        parser.add_argument("--print", action="store_true", dest="shown", help="show the file and write nothing")

    def handle(self, *, paper, arena, shown, **options):
        try:
            begun = scaffold(paper=_paper(paper), arena=arena)
        except NoArena as error:
            raise CommandError(str(error)) from None
        if shown:
            self.stdout.write(begun.text)
            return
        path = Path(settings.BASE_DIR) / begun.path
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(begun.text)
        except OSError as error:
            raise CommandError(f"{begun.path} cannot be written: {error.strerror}") from None
        self.stdout.write(f"{begun.path} is begun, in the arena “{begun.arena.title}”. Write what it says is to do, "
                          f"then:\n  manage.py check_method {begun.path}")


def _paper(named: str) -> Paper:
    found = list(known_as(named)[:2])
    if len(found) == 1:
        return found[0]
    raise CommandError(f"several papers are called “{named}”; give a number" if found else
                       f"no paper here is called “{named}”; give its number, arXiv id, DOI or exact title, or add it "
                       "first: manage.py add ID")
