"""manage.py cluster: refresh the clusters, or group all papers anew."""

from django.core.management.base import BaseCommand

from papers.models import Cluster
from papers.search.clustering import update_clusters


class Command(BaseCommand):
    help = "Give every embedded paper a cluster; --regroup groups all papers anew and keeps the clusters' identity."

    def add_arguments(self, parser):
        parser.add_argument("--regroup", action="store_true", help="group all papers anew")

    def handle(self, *, regroup, **options):
        update = update_clusters(regroup=regroup)
        done = "all papers grouped anew" if update.regrouped else "new papers joined the nearest cluster"
        self.stdout.write(f"{update.clusters} clusters, {update.moved} papers moved; {done}")
        for cluster in Cluster.objects.all():
            self.stdout.write(f"{cluster.papers.count():5d}  {cluster.label}")
