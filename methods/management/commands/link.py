"""Link every paper to the methods that implement it, or to the nearest by meaning."""

from django.core.management.base import BaseCommand

from methods.linking import link_papers


class Command(BaseCommand):
    help = __doc__

    def handle(self, **options):
        self.stdout.write(str(link_papers()))
