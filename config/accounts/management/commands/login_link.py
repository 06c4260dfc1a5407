"""Print a one-time link that logs in as USER (default: the first administrator, made if there is none)."""

import sys

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser, OutputWrapper
from django.urls import reverse
from sesame.utils import get_query_string


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", nargs="?")
        parser.add_argument("--site", default="http://localhost:8000", help="where the site is reached")
        parser.add_argument("--prepare", action="store_true",
                            help="bring the data folder up to date before, as far as the site needs it; what that says "
                                 "goes to standard error")

    def handle(self, user: str | None, site: str, prepare: bool, **options) -> None:
        if prepare:
            call_command("prepare", leave_to_workers=True, stdout=OutputWrapper(sys.stderr))
        users = get_user_model().objects
        if user:
            account = users.filter(username=user, is_active=True).first()
            if account is None:
                raise CommandError(f"there is no active user {user}")
        else:
            account = users.filter(is_superuser=True, is_active=True).order_by("pk").first()
            if account is None:
                account = users.create_superuser("admin")  # no password: it is set after logging in by the link
        self.stdout.write(site.rstrip("/") + reverse("login_link") + get_query_string(account))
