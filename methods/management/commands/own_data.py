"""Have data of your own stand in for a pinned set at the scale gpu: a folder, a file, or a set on the Hugging Face Hub.

    manage.py own_data                                      what stands in for what
    manage.py own_data fashion-mnist ~/pictures             pictures in folders by class
    manage.py own_data movie-reviews reviews.csv --origin shop
    manage.py own_data novels ~/books                       plain text files
    manage.py own_data fashion-mnist --give-up              the pinned set again

Scores at the scale gpu of arenas that read the set are measured anew then; those at other scales stay as they are.
"""

from argparse import RawDescriptionHelpFormatter

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from methods.kit.engine import own_data
from methods.kit.stage.sources import SOURCES
from methods.own_sets.forms import FORMS, Columns
from methods.own_sets.opening import OwnDataError
from methods.own_sets.services import take

SHOWN = 5  # rows that were left out


class Command(BaseCommand):
    help = __doc__

    def create_parser(self, *args, **options):
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **options)

    def add_arguments(self, parser):
        parser.add_argument("source", nargs="?", choices=list(FORMS), metavar="SOURCE",
                            help=f"the set to stand in for: {', '.join(FORMS)}")
        parser.add_argument("place", nargs="?", default="", metavar="PLACE", help="folder, file, or name on the Hub")
        parser.add_argument("--configuration", default="", help="the variant of a set on the Hub")
        parser.add_argument("--content", default="", metavar="COLUMN", help="of the pictures or texts")
        parser.add_argument("--label", default="", metavar="COLUMN", help="of the labels")
        parser.add_argument("--origin", default="", metavar="COLUMN", help="of two origins, for movie-reviews")
        parser.add_argument("--title", default="", help="how pages call it")
        parser.add_argument("--licence", default="", help="what pages say of its licence")
        parser.add_argument("--few", action="store_true", help="take it though it is smaller than the pinned set")
        parser.add_argument("--give-up", action="store_true", help="go back to the pinned set")

    def handle(self, *, source, place, configuration, content, label, origin, title, licence, few, give_up, **options):
        if not source:
            return self.tell_all()
        if give_up:
            try:
                own_data.give_up(source)
            except KeyError:
                raise CommandError(f"nothing stands in for {source}") from None
            self.stdout.write(f"{SOURCES[source].title} is read again.")
        else:
            if not place:
                raise CommandError("say where the data are: a folder, a file, or a name on the Hugging Face Hub")
            try:
                own, taken = take(source, place, title=title, licence=licence, configuration=configuration,
                                  columns=Columns(content, label, origin), few=few, tell=self.stdout.write)
            except OwnDataError as error:
                raise CommandError(str(error)) from None
            for reason in taken.left_out[:SHOWN]:
                self.stderr.write(f"left out: {reason}")
            if len(taken.left_out) > SHOWN:
                self.stderr.write(f"and {len(taken.left_out) - SHOWN:,} more")
            self.stdout.write(f"{own}: stands in for {SOURCES[source].title} at the scale {own_data.SCALE}.")
        call_command("sync_methods", stdout=self.stdout, stderr=self.stderr)

    def tell_all(self) -> None:
        found = own_data.taken()
        for own in found:
            self.stdout.write(f"{own.source}: {own}, from {own.came_from}")
        if not found:
            self.stdout.write(f"Nothing of your own stands in for a set. It can for {', '.join(FORMS)}: see --help.")
