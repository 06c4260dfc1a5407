"""`manage.py check_method PATH | ARENA/METHOD | ARENA`: the contract checks, for whoever writes a method."""

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Check method files, or an arena with all its methods, against the contract."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("targets", nargs="+", metavar="PATH|ARENA/METHOD|ARENA")
        parser.add_argument("--full", action="store_true", help="also run at full scale: chance, limits, leaks")

    def handle(self, *args, targets, full, verbosity, **options):
        from methods.kit.engine import checks

        failures = 0
        for target in targets:
            try:
                contestants = checks.contestants(target)
            except KeyError as error:
                raise CommandError(error.args[0]) from None
            for arena, method in contestants:
                self.stdout.write(self.style.MIGRATE_HEADING(f"{arena}/{method}" if method else arena))
                passed, seconds = 0, 0.0
                for result in checks.check(arena, method, full=full):
                    passed, seconds = passed + (result.status == "passed"), seconds + result.seconds
                    if result.status == "failed":
                        failures += 1
                        self.stdout.write(self.style.ERROR(f"  FAILED  {result.name}: {result.message}"))
                    elif result.status == "waived":
                        self.stdout.write(self.style.WARNING(f"  waived  {result.name}: {result.message}"))
                    elif verbosity > 1:
                        self.stdout.write(f"  passed  {result.name}  {result.seconds:.2f} s")
                self.stdout.write(f"  {passed} checks passed in {seconds:.1f} s")
        if failures:
            raise CommandError(f"{failures} {'check' if failures == 1 else 'checks'} failed")
