"""Where papers arrive from by themselves, what each fetch brought, and single papers that were asked for."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from papers.sources.addresses import masked


class Source(models.Model):
    """A place that is looked at on a schedule. The row is the truth: `next_run_at` says when it is due."""

    ARXIV, DAILY_PAPERS, FEED, IMAP, FOLDER = "arxiv", "daily_papers", "feed", "imap", "folder"
    KINDS = {ARXIV: "arXiv", DAILY_PAPERS: "Hugging Face daily papers", FEED: "RSS, Atom or JSON address",
             IMAP: "Mail folder (IMAP)", FOLDER: "Watched folder"}
    UNTRIED, NEW, QUIET, STALE, FAILED = "untried", "new", "quiet", "stale", "failed"
    OUTCOMES = {UNTRIED: "not fetched yet", NEW: "new papers", QUIET: "nothing new", STALE: "stale", FAILED: "failed"}

    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=20, choices=list(KINDS.items()))
    address = models.CharField(max_length=2000, blank=True)  # of a feed, a mail server or a folder
    options = models.JSONField(default=dict, blank=True)  # what the kind wants to know beside it
    password = models.TextField(blank=True, editable=False)  # encrypted, see passwords.py
    password_variable = models.CharField(max_length=100, blank=True)  # or the environment variable that holds it
    every_minutes = models.PositiveIntegerField(null=True, blank=True)
    daily_at = models.TimeField(null=True, blank=True)  # in the site's time zone
    active = models.BooleanField(default=True)
    removed_at = models.DateTimeField(null=True, blank=True, editable=False)

    next_run_at = models.DateTimeField(null=True, blank=True, db_index=True, editable=False)
    running_since = models.DateTimeField(null=True, blank=True, editable=False)
    last_run_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_new_at = models.DateTimeField(null=True, blank=True, editable=False)
    outcome = models.CharField(max_length=10, choices=list(OUTCOMES.items()), default=UNTRIED, editable=False)
    reason = models.CharField(max_length=500, blank=True, editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False)  # in a row
    fetched = models.PositiveIntegerField(default=0, editable=False)  # fetches in all
    brought = models.PositiveIntegerField(default=0, editable=False)  # new items in all
    newest_id = models.CharField(max_length=300, blank=True, editable=False)
    newest_on = models.DateField(null=True, blank=True, editable=False)
    seen = models.JSONField(default=list, editable=False)  # keys of the items it brought, newest last
    cursor = models.JSONField(default=dict, editable=False)  # where the kind goes on

    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, editable=False,
                                   on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(
            fields=["name"], condition=models.Q(removed_at=None), name="one_source_per_name",
            violation_error_message="There is a source of that name.")]

    def __str__(self):
        return self.name

    @property
    def place(self) -> str:
        """Where it looks, fit to be shown."""
        if self.kind == self.ARXIV:
            return self.options.get("query") or ", ".join(self.options.get("categories", []))
        if self.kind == self.IMAP:
            return f"{self.options.get('user', '')} at {self.address}, {self.options.get('folder', 'INBOX')}"
        return masked(self.address) if self.kind == self.FEED else self.address

    @property
    def schedule(self) -> str:
        if self.daily_at:
            return f"daily at {self.daily_at:%H:%M}"
        minutes = self.every_minutes or 0
        return f"every {minutes // 60} h" if minutes and minutes % 60 == 0 else f"every {minutes} min"


class SourceFetch(models.Model):
    """One look at a source: what it gave, by which way, or why it did not."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="fetches")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(auto_now_add=True)
    outcome = models.CharField(max_length=10, choices=list(Source.OUTCOMES.items()))
    reason = models.CharField(max_length=500, blank=True)
    via = models.CharField(max_length=20, blank=True)  # which of several ways it came
    listed = models.PositiveIntegerField(default=0)
    brought = models.PositiveIntegerField(default=0)
    notes = models.JSONField(default=list)
    digests = models.ManyToManyField("papers.Digest", related_name="+")

    class Meta:
        ordering = ["-started_at", "-pk"]

    def __str__(self):
        return f"{self.source} at {self.started_at:%Y-%m-%d %H:%M}: {self.outcome}"


class WantedPaper(models.Model):
    """A paper asked for by its identifier; it stays until it is here or somebody takes it off the list."""

    ARXIV, DOI, OPENREVIEW, ACL, GITHUB = "arxiv", "doi", "openreview", "acl", "github"
    KINDS = {ARXIV: "arXiv", DOI: "DOI", OPENREVIEW: "OpenReview", ACL: "ACL Anthology", GITHUB: "GitHub"}
    QUEUED, WAITING, ADDED = "queued", "waiting", "added"

    kind = models.CharField(max_length=12, choices=list(KINDS.items()))
    identifier = models.CharField(max_length=300)
    state = models.CharField(max_length=10, default=QUEUED, choices=[(s, s) for s in (QUEUED, WAITING, ADDED)])
    reason = models.CharField(max_length=500, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True, db_index=True)
    paper = models.ForeignKey("papers.Paper", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    asked_at = models.DateTimeField()

    class Meta:
        ordering = ["-asked_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["kind", "identifier"], name="one_wish_per_identifier")]

    def __str__(self):
        return f"{self.get_kind_display()} {self.identifier}"


class HostPace(models.Model):
    """When a host may be asked next, by any process of this installation."""

    host = models.CharField(max_length=255, primary_key=True)
    next_allowed_at = models.DateTimeField()

    def __str__(self):
        return self.host


class LookUp(models.Model):
    """What was asked about a paper elsewhere, to fill what it lacks; only where ENRICH is switched on."""

    DONE, WAITING = "done", "waiting"

    paper = models.OneToOneField("papers.Paper", on_delete=models.CASCADE, related_name="look_up")
    state = models.CharField(max_length=10, choices=[(DONE, DONE), (WAITING, WAITING)])
    filled = models.JSONField(default=dict)  # field: the place that gave it
    reason = models.CharField(max_length=500, blank=True)  # of each place that gave nothing
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True, db_index=True)
    looked_up_at = models.DateTimeField(auto_now=True)

    def __str__(self):
        return f"{self.paper}: {self.state}"


class Reference(models.Model):
    """An entry of a paper's list of references, by a key that tells whether the cited paper is here."""

    paper = models.ForeignKey("papers.Paper", on_delete=models.CASCADE, related_name="references")
    key = models.CharField(max_length=420, db_index=True)  # arxiv:…, doi:… or title:…

    class Meta:
        constraints = [models.UniqueConstraint(fields=["paper", "key"], name="one_reference_per_key")]

    def __str__(self):
        return f"{self.paper} cites {self.key}"


class CodeLink(models.Model):
    """An address of a paper's code, who says that it is, and what was found there when it was last looked at."""

    UNSEEN, REACHABLE, EMPTY, ARCHIVED, GONE = "unseen", "reachable", "empty", "archived", "gone"
    STATES = {UNSEEN: "not looked at", REACHABLE: "reachable", EMPTY: "empty", ARCHIVED: "archived", GONE: "gone"}

    paper = models.ForeignKey("papers.Paper", on_delete=models.CASCADE, related_name="code_links")
    url = models.CharField(max_length=500)
    evidence = models.CharField(max_length=60)
    state = models.CharField(max_length=10, choices=list(STATES.items()), default=UNSEEN)
    detail = models.CharField(max_length=200, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=300, blank=True)  # why the last look told nothing
    attempts = models.PositiveIntegerField(default=0)  # in a row that told nothing
    next_check_at = models.DateTimeField(null=True, blank=True, db_index=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["paper", "url"], name="one_code_link_per_address")]

    def __str__(self):
        return f"{self.url}: {self.state}"
