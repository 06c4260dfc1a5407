"""manage.py search: papers and methods by words and meaning, with no server running."""

import json

from django.core.management.base import BaseCommand, CommandError

from papers.extensions import extensions
from papers.search.forms import filters_from
from papers.search.fusion import search
from papers.search.query import KINDS


class Command(BaseCommand):
    help = 'Search papers and methods. Words, "phrases", -without, prefix*, a OR b, author:Hu, year:2023, an arXiv id.'

    def add_arguments(self, parser):
        parser.add_argument("query")
        parser.add_argument("--kind", choices=KINDS, help="one kind only")
        parser.add_argument("--digest", help="papers listed in it: id or part of the name")
        parser.add_argument("--cluster", help="papers in it: id or part of the label")
        parser.add_argument("--year", help="2023, 2020-2022, 2020- or -2022")
        parser.add_argument("--link", choices=list(extensions.filters["link"].values),
                            help="papers with this best link")
        parser.add_argument("--limit", type=int, default=10)
        parser.add_argument("--offset", type=int, default=0)
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *, query, limit, offset, **options):
        filters, problems = filters_from(options)
        if problems or limit < 1 or offset < 0:
            raise CommandError("; ".join(problems) or "--limit starts at 1 and --offset at 0")
        results = search(query, filters=filters, limit=limit, offset=offset)
        if options["json"]:
            hits = [{name: value for name, value in vars(hit).items() if not name.endswith("_html")}
                    for hit in results.hits]
            self.stdout.write(json.dumps({
                "query": results.query.typed, "total": results.total, "limit": limit, "offset": offset,
                "meaning": results.meaning, "notes": results.notes, "hits": hits}, ensure_ascii=False, indent=1))
            return
        for note in results.notes:
            self.stderr.write(note)
        for number, hit in enumerate(results.hits, start=offset + 1):
            near = f"{hit.cosine:.3f} (nearer than {hit.percentile:.0f} % of random pairs)" \
                if hit.cosine is not None and hit.percentile is not None else "-"
            self.stdout.write(f"{number:3d}. {hit.title}  [{hit.kind} {hit.key}]")
            self.stdout.write(f"     score {hit.score:.4f}; words #{hit.word_rank or '-'}; meaning "
                              f"#{hit.meaning_rank or '-'}, cosine {near}"
                              + (f"; shares {', '.join(hit.reason)}" if hit.reason else ""))
        self.stdout.write(f"{results.total} found")
