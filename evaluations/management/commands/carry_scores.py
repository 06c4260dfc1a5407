"""Let scores of older code count for the present code, where a seed measured by both gave the same numbers."""

from django.core.management.base import BaseCommand, CommandError

from evaluations.claims.carrying import carry_scores
from methods.models import Arena


class Command(BaseCommand):
    help = f"{__doc__} Measure one seed first: manage.py evaluate ARENA --seeds 0-0 --wait"

    def add_arguments(self, parser):
        parser.add_argument("arena", help="the arena's slug")
        parser.add_argument("--setting", default="default")
        parser.add_argument("--scale", default="full")

    def handle(self, arena, setting, scale, **options):
        found = Arena.objects.filter(slug=arena).first()
        if found is None:
            raise CommandError(f"no arena {arena}")
        if setting not in {each["name"] for each in found.settings}:
            raise CommandError(f"{arena} has no setting {setting}")
        report = carry_scores(arena=found, setting=setting, scale=scale)
        for each in report:
            why = f"{each.runs} runs carried over" if each.equal else "nothing carried over: no common seed is equal"
            if each.different:
                why += f"; other numbers at seed {', '.join(map(str, each.different))}"
            self.stdout.write(f"{each.method.slug}: {why}")
        self.stdout.write(f"{sum(each.runs for each in report)} runs of {len(report)} methods with older code")
