"""The site that bench.pages asks: papers in digests of every size, methods, runs and scores; filled by a process.

    python -m bench._pages_site large    into DATA_DIR
"""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from bench import _corpus

ROOT = Path(__file__).resolve().parent.parent
CHUNK = 2_000


@dataclass(frozen=True)
class Size:
    """What is stored: the shipped runs with so many copies at other `seeds`, and `drawn` methods more."""

    papers: int
    drawn: int
    seeds: int

    @property
    def digests(self) -> list[int]:
        """Papers of each: a fifth in one, a fifth in ten, the rest in ever smaller ones down to 20 entries."""
        sizes, left = [self.papers // 5, *[self.papers // 50] * 10], self.papers - self.papers // 5 - self.papers // 5
        piece = self.papers // 100
        while left > 0:
            sizes.append(min(left, max(20, piece)))
            left -= sizes[-1]
            piece = int(piece * 0.96)
        return sizes


SIZES = {"small": Size(10_000, 0, 0), "large": Size(100_000, 800, 5)}


def fill(size: Size) -> None:
    """Everything that import, background work and runs leave, for a new data folder."""
    import django
    django.setup()
    from django.core.management import call_command

    from methods.linking import refresh_links
    from papers.search.clustering import update_clusters
    from papers.search.export import text_encoder
    from papers.search.index import rebuild_index
    from papers.search.places import refresh_places
    call_command("migrate", verbosity=0)
    call_command("sync_methods", verbosity=0)
    call_command("load_results", verbosity=0)
    add_seeds(size.seeds)
    add_drawn_methods(size.drawn)
    add_papers(size, text_encoder().model_id)
    add_known_digests()
    rebuild_index()
    update_clusters()
    refresh_places()
    refresh_links()
    call_command("verdicts", stdout=io.StringIO())
    add_reported()


def add_seeds(copies: int) -> None:
    """The shipped runs again with other seeds, their scores moved by a hundredth of themselves."""
    from evaluations.models import Run, Score
    generator = np.random.default_rng(0)
    shipped = list(Run.objects.prefetch_related("scores").order_by("pk"))
    step = max((run.seed for run in shipped), default=0) + 1
    for copy in range(1, copies + 1):
        for start in range(0, len(shipped), CHUNK):
            part = shipped[start:start + CHUNK]
            runs = Run.objects.bulk_create([_again(run, run.seed + copy * step) for run in part], batch_size=500)
            Score.objects.bulk_create([
                Score(run=run, metric=score.metric, value=score.value * (1 + 0.01 * generator.standard_normal()))
                for run, old in zip(runs, part, strict=True) for score in old.scores.all()], batch_size=5000)


def _again(run: Any, seed: int) -> Any:
    from evaluations.models import Run
    values = {field.attname: getattr(run, field.attname) for field in Run._meta.concrete_fields if field.name != "id"}
    return Run(**values | {"seed": seed})


def add_drawn_methods(count: int) -> None:
    """Arenas of a hundred methods each with scores that mean nothing, and words of their own for search."""
    from django.utils import timezone

    from evaluations.models import Claim, Run, Score, Verdict
    from methods.models import Arena, Method
    from papers.search.refresh import embed_texts
    from papers.search_texts import record_search_texts
    generator = np.random.default_rng(1)
    words = iter(_corpus.texts(count)) if count else iter(())
    for number in range(count // 100):
        arena = Arena.objects.filter(present=True).order_by("pk").first()
        assert arena is not None
        arena.pk, arena.title, arena.baseline = f"drawn-{number}", f"Drawn scores {number}", "method-0"
        arena.save(force_insert=True)
        methods = Method.objects.bulk_create([
            Method(arena=arena, slug=f"method-{i}", title=f"Method {number}-{i}", summary=next(words)[1][:300],
                   explanation="", source_path="", source_code="x = 1\n" * 100, code_digest=f"{number}-{i}")
            for i in range(100)])
        runs = Run.objects.bulk_create([
            Run(method=method, seed=seed, state=Run.DONE, code_digest=method.code_digest,
                seconds=1 + generator.random(), peak_memory_mb=500, counts={"parameters": 1000, "gradients": 100},
                finished_at=timezone.now() - timedelta(minutes=seed), environment={"processor": "none"})
            for method in methods for seed in range(5)], batch_size=500)
        Score.objects.bulk_create([
            Score(run=run, metric=metric["name"], value=generator.normal(i // 5))
            for i, run in enumerate(runs) for metric in arena.metrics[:4]], batch_size=5000)
        metric, setting = arena.metrics[0]["name"], arena.settings[0]["name"]
        claims = Claim.objects.bulk_create([
            Claim(method=method, position=0, kind="Beats", sentence=f"beats {rival.title}", rival=rival.slug,
                  metric=metric, setting=setting, terms=[
                      {"weight": 1, "method": "", "metric": metric, "setting": setting},
                      {"weight": -1, "method": rival.slug, "metric": metric, "setting": setting}])
            for method, rival in zip(methods, [*methods[1:], methods[0]], strict=True)])
        Verdict.objects.bulk_create([
            Verdict(claim=claim, status=Verdict.STATUSES[i % 3], n=5, difference=0.1, low=0.05, high=0.15,
                    p_value=0.01, effect_size=0.5, power=0.5, seeds_needed=5, basis=f"{i}")
            for i, claim in enumerate(claims)])
        record_search_texts([("method", method.key, method.title, method.summary) for method in methods])
    embed_texts()


def add_papers(size: Size, model: str) -> None:
    """The papers in their digests with their vectors, as import and embedding leave them."""
    from django.utils import timezone

    from papers.models import Digest
    texts, vectors = _corpus.texts(size.papers), _corpus.vectors(size.papers)
    first = 0
    for number, count in enumerate(size.digests):
        digest = Digest.objects.create(sha256=hashlib.sha256(f"pages {number}".encode()).hexdigest(), format="JSONL",
                                       name=f"list {number}, {count} papers", listed=count)
        Digest.objects.filter(pk=digest.pk).update(imported_at=timezone.now() - timedelta(hours=number))
        for start in range(first, first + count, CHUNK):
            end = min(first + count, start + CHUNK)
            store(digest, texts[start:end], vectors[start:end], model, start, start - first)
        first += count


def store(digest: Any, texts: Sequence[tuple[str, str]], vectors: np.ndarray, model: str, first: int,
          place: int) -> None:
    from papers.models import Appearance, Paper, SearchText
    from papers.search.embedding import _store
    from papers.search_texts import record_search_texts, search_row
    papers = Paper.objects.bulk_create([
        Paper(title=title, title_key=title.lower()[:400], abstract=abstract, year=1990 + (first + i) % 36,
              authors=[f"Author {(first + i) % 997} Family{(first + i) % 89}", f"Second {(first + i) % 463}"],
              arxiv_id=f"{1000 + (first + i) // 10000}.{(first + i) % 10000:05d}")
        for i, (title, abstract) in enumerate(texts)])
    Appearance.objects.bulk_create([Appearance(digest=digest, paper=paper, position=place + i + 1)
                                    for i, paper in enumerate(papers)])
    record_search_texts(search_row(paper) for paper in papers)
    rows = list(SearchText.objects.filter(paper__in=papers).order_by("paper_id"))
    _store(rows, vectors, model)


def add_reported() -> None:
    """Every abstract is read, and each fifth reports a number: what reading takes is none of a page's business."""
    from django.utils import timezone

    from evaluations.models import ReportedClaim, ReportedReading
    from evaluations.reported.services import rules_digest
    from papers.models import Paper
    papers = Paper.objects.order_by("pk").values_list("pk", "abstract")
    for start in range(0, papers.count(), CHUNK):
        part = list(papers[start:start + CHUNK])
        ReportedReading.objects.bulk_create([
            ReportedReading(paper_id=pk, text_hash="", rules=rules_digest(), read_at=timezone.now()) for pk, _ in part])
        ReportedClaim.objects.bulk_create([
            ReportedClaim(paper_id=pk, key="drawn", kind=ReportedClaim.RESULT, value=pk % 100, unit="%",
                          metric="accuracy", quote=abstract[:120], start=0, end=120, value_start=0, value_end=5)
            for pk, abstract in part if pk % 5 == 0])


def known_digests() -> Iterator[Path]:
    """Real lists of papers that methods here implement: in ASSAY_DIGESTS, else beside the repository, else none."""
    folder = Path(os.environ.get("ASSAY_DIGESTS") or ROOT.parent / "shared" / "digests")
    yield from sorted(folder.iterdir()) if folder.is_dir() else ()


def add_known_digests() -> None:
    if files := [str(path) for path in known_digests()]:
        for command in (["ingest", *files], ["embed", "--now"]):
            subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    fill(SIZES[sys.argv[1]])
