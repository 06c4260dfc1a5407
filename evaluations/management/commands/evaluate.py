"""`manage.py evaluate ARENA`: queue what is not measured yet, and with --wait follow it to the end."""

import json

from django.core.management.base import BaseCommand, CommandError

from evaluations.management.progress import follow
from evaluations.models import Run
from evaluations.runs import requests, services
from methods.models import Arena, Method


class Command(BaseCommand):
    help = "Queue an arena's runs; only what the present code has not measured yet."

    def add_arguments(self, parser):
        parser.add_argument("arena", help="the arena's slug")
        parser.add_argument("--method", nargs="+", action="extend", metavar="M", help="only these methods")
        parser.add_argument("--seeds", default="10", metavar="N|A-B", help="how many seeds, or which (default 10)")
        parser.add_argument("--setting", default="default",
                            help="a setting's name, 'all', or 'claims' for whatever the claims compare")
        parser.add_argument("--scale", default="full", help="smoke, full or gpu (default full)")
        parser.add_argument("--queue", choices=services.QUEUES, help="default: gpu for the scale gpu, else cpu")
        parser.add_argument("--param", nargs="+", action="extend", default=[], metavar="NAME=VALUE",
                            help="hyperparameters, with one --method")
        parser.add_argument("--wait", action="store_true", help="wait for the end; exit status 1 when a run failed")
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *, arena, method, seeds, setting, scale, queue, param, wait, **options):
        self.quiet = options["json"]
        methods = self.methods(arena, method)
        queue = queue or ("gpu" if scale == "gpu" else "cpu")
        try:
            if param and len(methods) != 1:
                raise ValueError("--param needs exactly one --method")
            if any("=" not in text for text in param):
                raise ValueError("--param takes NAME=VALUE")
            params = requests.parse_params(methods[0], dict(text.split("=", 1) for text in param)) if param else {}
            report = services.request_runs(methods=methods, setting=setting, scale=scale, queue=queue, params=params,
                                           seeds=requests.parse_seeds(seeds))
        except ValueError as error:
            raise CommandError(str(error)) from error
        pending = report.queued + report.already_queued
        listening = services.listening(queue) and not report.waits_for
        self.say(str(report))
        if pending and not listening and not report.waits_for:
            self.say(f"No worker listens to the queue {queue}; the runs wait until one does.")
        counts = follow(pending, self.say) if wait and pending else {}
        if options["json"]:
            self.stdout.write(json.dumps({
                "request": report.key, "queued": report.queued, "already_measured": report.already_measured,
                "already_queued": report.already_queued, "worker_listening": listening, "reason": report.waits_for,
                "refused": [{"method": key, "reason": reason} for key, reason in report.refused], "states": counts}))
        if report.refused and not (pending or report.already_measured):
            raise CommandError("nothing could be queued")
        if counts.get(Run.FAILED) or counts.get(Run.CANCELLED):
            self.tell_failures(pending)
            raise CommandError(f"{counts.get(Run.FAILED, 0)} failed, {counts.get(Run.CANCELLED, 0)} cancelled")

    def methods(self, slug: str, names: list[str] | None) -> list[Method]:
        arena = Arena.objects.filter(slug=slug).first()
        if arena is None:
            there = ", ".join(Arena.objects.filter(present=True).values_list("slug", flat=True))
            raise CommandError(f"no arena {slug}; there are {there or 'none yet: run sync_methods'}")
        found = {method.slug: method for method in arena.methods.select_related("arena")}
        if names is None:
            return [method for method in found.values() if method.present]
        unknown = [name for name in names if name not in found]
        if unknown:
            raise CommandError(f"{slug} has no method {', '.join(unknown)}; it has {', '.join(sorted(found))}")
        return [found[name] for name in names]

    def tell_failures(self, pks: list[int]) -> None:
        for run in Run.objects.filter(pk__in=pks, state__in=[Run.FAILED, Run.CANCELLED]).select_related("method"):
            self.stderr.write(f"{run}: {run.cause}")

    def say(self, text: str) -> None:
        if not self.quiet:
            self.stdout.write(text)
