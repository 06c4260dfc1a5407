"""What people keep, at size: 100,000 papers in 200 digests, 50 accounts with 500 stars, 300 reads, a tag and a list.

Texts are drawn words and vectors drawn around 200 centres, so that nothing here says how good a ranking is; each
account stars papers of three centres. Every page is asked as another account each time, in one process and without a
network; the times are processor time, beside the health check, which asks the database one question.

    python -m bench.shelf                        100,000 papers, 50 accounts
    python -m bench.shelf --papers 10000 --keep /tmp/folder
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import numpy as np

from bench._history import Figure, note, verdicts

ACCOUNTS, STARS, READS, HIDES, LISTED = 50, 500, 300, 50, 40
DIGESTS, CENTRES, DIMENSION = 200, 200, 384
CHUNK = 2000
GOAL_MS = 100.0
REQUESTS = 40


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--papers", type=int, default=100_000)
    parser.add_argument("--keep", help="a folder to fill once and ask again")
    options = parser.parse_args()
    folder = Path(options.keep or tempfile.mkdtemp(prefix="assay-b-"))
    os.environ |= {"DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "ERROR",
                   "ALLOWED_HOSTS": "testserver"}
    os.environ.pop("DATABASE_URL", None)
    import django
    django.setup()
    try:
        from papers.models import Paper
        if not (folder / "assay.sqlite3").exists() or not _filled():
            fill(options.papers)
        print(f"{Paper.objects.count():,} papers, {ACCOUNTS} accounts with {STARS} stars each; "
              "milliseconds of processor time\n")
        return ask()
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)


def _filled() -> bool:
    from django.db import connection
    return "shelf_mark" in connection.introspection.table_names()


def fill(count: int) -> None:
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.utils import timezone

    from papers.models import Appearance, Digest, Paper, SearchText
    from papers.search.embedding import _store
    from papers.search.export import text_encoder
    from papers.search.index import rebuild_index
    from papers.search_texts import record_search_texts
    from papers.shelf.models import ListEntry, Mark, PaperList, Tag, TagOnPaper
    call_command("migrate", verbosity=0)
    model, generator = text_encoder().model_id, np.random.default_rng(0)
    centres = generator.standard_normal((CENTRES, DIMENSION)).astype(np.float32)
    vocabulary = np.array([f"word{number}" for number in range(5000)])
    now, group = timezone.now(), generator.integers(CENTRES, size=count)
    digests = [Digest.objects.create(sha256=f"{number:064d}", name=f"Digest {number}", format="JSONL",
                                     listed=count // DIGESTS) for number in range(DIGESTS)]
    for number, digest in enumerate(digests):
        Digest.objects.filter(pk=digest.pk).update(imported_at=now - timedelta(days=(DIGESTS - number) / 4))
    per = -(-count // DIGESTS)
    for start in range(0, count, CHUNK):
        numbers = range(start, min(start + CHUNK, count))
        words = vocabulary[generator.integers(len(vocabulary), size=(len(numbers), 60))]
        papers = Paper.objects.bulk_create([
            Paper(title=f"{' '.join(row[:8])} {number}", title_key=f"{number}", abstract=" ".join(row[8:]),
                  year=2000 + number % 26, authors=[f"Author {number % 997}", "Another"],
                  urls=["https://github.com/a/b"]) for number, row in zip(numbers, words, strict=True)])
        for paper, number in zip(papers, numbers, strict=True):
            paper.created_at = now - timedelta(days=(DIGESTS - number // per) / 4) + timedelta(seconds=1)
        Paper.objects.bulk_update(papers, ["created_at"], batch_size=500)
        Appearance.objects.bulk_create([
            Appearance(digest=digests[number // per], paper=paper, position=number % per + 1)
            for paper, number in zip(papers, numbers, strict=True)])
        record_search_texts([("paper", str(paper.pk), paper.title, paper.abstract) for paper in papers])
        rows = list(SearchText.objects.filter(paper__in=papers).order_by("paper_id"))
        vectors = centres[group[numbers.start:numbers.stop]] + generator.standard_normal(
            (len(numbers), DIMENSION)).astype(np.float32)
        _store(rows, vectors / np.linalg.norm(vectors, axis=1, keepdims=True), model)
    rebuild_index()
    pks = np.array(list(Paper.objects.order_by("pk").values_list("pk", flat=True)))
    for account in range(ACCOUNTS):
        user = User.objects.create_user(f"account{account}", is_superuser=True)
        liked = np.flatnonzero(np.isin(group, generator.choice(CENTRES, 3, replace=False)))
        starred = generator.permutation(liked)[:STARS]
        others = generator.choice(count, READS + HIDES, replace=False)
        marks = {int(pks[place]): {"starred_at": now - timedelta(minutes=int(minute))}
                 for minute, place in enumerate(starred)}
        for minute, place in enumerate(others):
            marks.setdefault(int(pks[place]), {})["read_at" if minute < READS else "hidden_at"] = now - timedelta(
                minutes=minute)
        Mark.objects.bulk_create([Mark(user=user, paper_id=pk, **fields) for pk, fields in marks.items()])
        tag = Tag.objects.create(user=user, name="topic/part")
        chosen = PaperList.objects.create(user=user, name="To read")
        TagOnPaper.objects.bulk_create([TagOnPaper(tag=tag, paper_id=int(pks[place])) for place in starred[:LISTED]])
        ListEntry.objects.bulk_create([ListEntry(paper_list=chosen, paper_id=int(pks[place]), position=position)
                                       for position, place in enumerate(starred[:LISTED])])


def ask() -> int:
    from django.contrib.auth.models import User
    from django.test import Client
    from django.test.utils import setup_test_environment

    from papers.models import Digest, Paper
    from papers.shelf.models import PaperList
    setup_test_environment()
    users = list(User.objects.order_by("pk"))
    browsers = []
    for user in users:
        browsers.append(Client())
        browsers[-1].force_login(user)
    day = Digest.objects.order_by("-imported_at").first().imported_at
    year, week, _ = day.isocalendar()
    pages = {
        "health check": "/healthz", "inbox": "/inbox/", "inbox, further": "/inbox/?after={digest}-20",
        "a day": f"/days/{day:%Y-%m-%d}/", "a week": f"/weeks/{year}-W{week:02d}/", "a month": f"/months/{day:%Y-%m}/",
        "trending": "/trending/", "for me, first look": "/for-me/?recency={n}", "for me": "/for-me/",
        "self-test, first look": "/for-me/quality/", "my shelf": "/shelf/", "a list": "/lists/{list}/",
        "papers": "/papers/", "papers, starred": "/papers/?is=starred", "papers, unread": "/papers/?is=unread",
        "papers, a tag": "/papers/?q=tag:topic", "search, unread": "/search/?q=word7+word42+read:no",
        "search, starred": "/search/?q=word7+is:starred", "search": "/search/?q=word7+word42",
        "API: inbox": "/api/inbox", "API: kept": "/api/shelf/papers?is=kept"}
    lists = dict(PaperList.objects.values_list("user", "pk"))
    digest, figures = Digest.objects.order_by("-imported_at")[1].pk, []
    size = f"{Paper.objects.count():,} papers"
    for name, address in pages.items():
        times = []
        first = "first look" in name
        for number in range(REQUESTS if not first else min(REQUESTS, len(users))):
            place = number % len(users)
            path = address.format(digest=digest, list=lists[users[place].pk], n=number % 100)
            if not first and number < 3:
                browsers[place].get(path)  # what a process does once
            started = time.process_time()
            answer = browsers[place].get(path)
            times.append(1000 * (time.process_time() - started))
            assert answer.status_code == 200, (path, answer.status_code, answer.content[:300])
        figures.append(Figure(f"{size}: {name}, p95", float(np.percentile(times, 95)), "ms", GOAL_MS,
                              f"median {np.median(times):.1f}, most {max(times):.1f}"))
    print("\n".join(verdicts(figures, note("shelf", figures))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
