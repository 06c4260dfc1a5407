"""Ask for the seeds that most likely decide open claims, as many as fit into a budget of processor seconds.

With --wait they are asked for a few minutes' worth at a time, the verdicts are renewed and what is then most telling
comes next, until the budget is spent or nothing that seeds can decide is left.
"""

import json

from django.core.management.base import BaseCommand, CommandError

from evaluations.claims import deciding
from evaluations.claims.open_questions import duration
from evaluations.claims.verdicts import statuses_by_arena, update_verdicts
from evaluations.management.progress import follow
from evaluations.models import Asked, Run, Verdict
from evaluations.runs import services
from methods.models import Arena


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("arena", nargs="?", help="only claims of this arena; all when left out")
        parser.add_argument("--budget", type=float, required=True, metavar="SECONDS", help="processor seconds")
        parser.add_argument("--wait", action="store_true", help="wait for the runs, and go on while the budget lasts")
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *, arena, budget: float, wait: bool, **options):
        self.quiet = options["json"]
        if not budget > 0:
            raise CommandError("--budget is a number of seconds above 0")
        chosen = Arena.objects.filter(pk=arena, present=True).first() if arena else None
        if arena and chosen is None:
            there = ", ".join(Arena.objects.filter(present=True).values_list("slug", flat=True))
            raise CommandError(f"no arena {arena}; there are {there}")
        before = self.decided(arena)
        asked: list[Asked] = []
        while True:
            left = budget - deciding.spent_on(asked)
            fresh = deciding.ask_for_seeds(seconds=left, arena=chosen,
                                           ahead=min(left, deciding.AHEAD) if wait else left)
            asked += fresh
            self.tell(fresh)
            if not wait or not fresh:
                break
            follow(self.runs(fresh), self.say)
            for slug in {of.claim.method.arena_id for of in fresh if of.claim}:
                update_verdicts(arena=Arena.objects.get(pk=slug))
        decided = self.decided(arena) - before
        if options["json"]:
            self.stdout.write(json.dumps({"asked": [deciding.Asking(of, {}).data() for of in asked],
                                          "newly_decided": decided}, default=str))
            return
        runs = sum(of.runs for of in asked)
        self.say(f"{len(asked)} claims, {runs} runs, {duration(deciding.spent_on(asked))} of {duration(budget)}"
                 + (f"; {decided} more claims are decided" if wait else "") if asked else
                 "Nothing is open that so many seconds may decide.")
        if asked and not wait and not services.listening("cpu"):
            self.say("No worker listens to the queue cpu; the runs wait until one does.")

    def tell(self, fresh: list[Asked]) -> None:
        for of in fresh:
            self.say(f"{of.claim}: {of.runs} runs, about {duration(of.seconds)}, {deciding.Asking(of, {}).why}")

    def runs(self, fresh: list[Asked]) -> list[int]:
        return list(Run.objects.filter(request_key__in=[of.request_key for of in fresh]).values_list("pk", flat=True))

    def decided(self, arena: str | None) -> int:
        counts = statuses_by_arena()
        return sum(of[Verdict.CONFIRMED] + of[Verdict.REFUTED] for slug, of in counts.items() if arena in (None, slug))

    def say(self, text: str) -> None:
        if not self.quiet:
            self.stdout.write(text)
