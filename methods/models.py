"""The database's mirror of the arena and method files, and the links from papers to methods."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from papers.models import Paper


class Arena(models.Model):
    """A mirrored arena file. `present` turns false when the file goes away; its runs stay."""

    slug = models.SlugField(primary_key=True, max_length=60)
    title = models.CharField(max_length=120)
    question = models.TextField()  # first line of the docstring
    explanation = models.TextField()  # the whole docstring
    metrics = models.JSONField()  # [{name, title, better, unit, chance, ceiling, help}], the first is primary
    settings = models.JSONField()  # [{name, title, options}], the first is the main one
    scales = models.JSONField()  # {name: {seconds, memory_mb, options}}
    sources = models.JSONField(default=list)  # [{name, title, licence, homepage, ...}]
    baseline = models.CharField(max_length=80)
    source_code = models.TextField()
    read_from = models.CharField(max_length=64, default="")  # digest of the files this row was made from
    present = models.BooleanField(default=True)

    class Meta:
        ordering = ["title"]

    def __str__(self):
        return self.title

    @property
    def primary_metric(self) -> dict:
        return self.metrics[0]

    def metric(self, name: str) -> dict:
        """Raises KeyError for an unknown name."""
        for metric in self.metrics:
            if metric["name"] == name:
                return metric
        raise KeyError(name)


def chance_level(metric: Mapping[str, Any], setting: str) -> float | None:
    """Of an arena's metric (a row of `Arena.metrics`) in one setting; None where it has none."""
    return metric.get("chance_in", {}).get(setting, metric.get("chance"))


class Method(models.Model):
    """A mirrored method file."""

    arena = models.ForeignKey(Arena, on_delete=models.CASCADE, related_name="methods")
    slug = models.SlugField(max_length=80)
    title = models.CharField(max_length=160)
    summary = models.TextField()  # the docstring's first line after the colon
    explanation = models.TextField()  # the docstring without doctests
    departure = models.TextField(blank=True)  # what departs from the paper; empty when nothing does
    fidelity = models.CharField(max_length=10, blank=True)  # faithful, core, proxy; empty for a plain baseline
    year = models.PositiveSmallIntegerField(null=True, blank=True)
    papers = models.JSONField(default=list)  # [{title, year, arxiv, covers}]
    params = models.JSONField(default=list)  # Param.describe rows
    claims = models.JSONField(default=list)  # [{kind, sentence, rival, metric, setting, terms, margin, cost}]
    needs_scale = models.JSONField(default=list)  # claims in words that nothing of this size can test
    source_path = models.CharField(max_length=200)
    source_code = models.TextField()
    code_digest = models.CharField(max_length=64)  # of the code behind its scores, whatever setting and scale
    digests = models.JSONField(default=dict)  # {"setting/scale": what a run is told by}
    read_from = models.CharField(max_length=64, default="")  # digest of the files this row was made from
    present = models.BooleanField(default=True)

    class Meta:
        ordering = ["arena", "title"]
        constraints = [models.UniqueConstraint(fields=["arena", "slug"], name="one_method_per_arena_and_slug")]

    def __str__(self):
        return self.title

    @property
    def key(self) -> str:
        return f"{self.arena_id}/{self.slug}"

    def run_digest(self, setting: str, scale: str) -> str:
        """What a run by the present code is told by. Where there is no such setting or scale (any more) it is the
        digest of the code alone, by which no run is told."""
        return self.digests.get(f"{setting}/{scale}", self.code_digest)


class BrokenFile(models.Model):
    """A file that the last look at it could not use, and why. What it gave before stays in use beside it."""

    path = models.CharField(max_length=250, primary_key=True)  # in the project's folder
    arena = models.CharField(max_length=250, blank=True)  # the slug it stands for; "" when it stands for none
    method = models.CharField(max_length=250, blank=True)  # "" for the arena itself
    place = models.CharField(max_length=250)  # the file with the fault: this one, or one that it needs
    line = models.PositiveIntegerField(default=0)  # 0: none in particular
    reason = models.TextField()
    sha256 = models.CharField(max_length=64, blank=True)  # of the place's contents
    found_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["arena", "method", "path"]

    def __str__(self):
        return f"{self.place}, line {self.line}: {self.reason}" if self.line else f"{self.place}: {self.reason}"

    @property
    def changed(self) -> bool:
        """Whether the file with the fault is another by now, so that the fault may be gone."""
        try:
            contents = (settings.BASE_DIR / self.place).read_bytes()
        except OSError:
            contents = b""
        return hashlib.sha256(contents).hexdigest() != self.sha256


class PaperLinkQuerySet(models.QuerySet["PaperLink"]):
    def shown(self) -> PaperLinkQuerySet:
        """All but those a curator rejected."""
        return self.exclude(state=PaperLink.REJECTED)

    def implementing(self) -> PaperLinkQuerySet:
        """Those to methods that implement the paper."""
        return self.filter(kind=PaperLink.IMPLEMENTS)

    def curated(self) -> PaperLinkQuerySet:
        """Those a curator made or decided about."""
        return self.exclude(curated_at=None)


class PaperLink(models.Model):
    """A paper's link to a method, who made it and how good it is."""

    IMPLEMENTS, RELATED = "implements", "related"
    CARD, MEANING, CURATOR = "card", "meaning", "curator"
    PROPOSED, ACCEPTED, REJECTED = "proposed", "accepted", "rejected"

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="links",
                              db_index=False)  # the first part of two indexes below
    method = models.ForeignKey(Method, on_delete=models.CASCADE, related_name="links")
    kind = models.CharField(max_length=12, choices=[(IMPLEMENTS, "implements"), (RELATED, "related")])
    origin = models.CharField(max_length=10, choices=[(CARD, "card"), (MEANING, "meaning"), (CURATOR, "curator")])
    state = models.CharField(max_length=10, default=PROPOSED, choices=[
        (PROPOSED, "proposed"), (ACCEPTED, "accepted"), (REJECTED, "rejected")])
    score = models.FloatField(null=True)  # cosine of the two texts
    percentile = models.FloatField(null=True)  # share of random paper-method pairs that score lower, 0-100
    reason = models.JSONField(default=list)  # shared terms, or what on the card matched
    curated_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    curated_at = models.DateTimeField(null=True, blank=True)

    objects = PaperLinkQuerySet.as_manager()

    class Meta:
        ordering = ["kind", "-score"]  # implements before related
        constraints = [models.UniqueConstraint(fields=["paper", "method"], name="one_link_per_paper_and_method")]
        indexes = [models.Index(fields=["method"], name="shown_links", condition=~Q(state="rejected")),
                   models.Index(fields=["paper"], name="curated_links", condition=Q(curated_at__isnull=False)),
                   models.Index(fields=["paper"], name="card_links", condition=Q(origin="card")),
                   # what filters and counts ask, so that they need not open the rows
                   models.Index(fields=["kind", "method", "paper", "state"], name="links_of_kinds"),
                   models.Index(fields=["paper", "state", "kind", "method"], name="links_of_papers")]

    def __str__(self):
        return f"{self.paper} {self.kind} {self.method}"
