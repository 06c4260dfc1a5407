"""Runs, their scores, the claims they test and the workers that do them."""

import hashlib
import json

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property

from methods.models import Arena, Method


def params_key(params: dict) -> str:
    """A short stable key of a set of hyperparameter values; "" for the defaults."""
    if not params:
        return ""
    return hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()[:16]


class Run(models.Model):
    """One method × setting × hyperparameters × seed × scale on one version of the code.

    State moves only by conditional update; `cause` says in words why it is where it is.
    """

    QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
    STATES = [(s, s) for s in (QUEUED, RUNNING, DONE, FAILED, CANCELLED)]
    ACTIVE = (QUEUED, RUNNING)

    method = models.ForeignKey(Method, on_delete=models.CASCADE, related_name="runs")
    setting = models.CharField(max_length=40, default="default")
    scale = models.CharField(max_length=10, default="full")
    seed = models.PositiveIntegerField()
    params = models.JSONField(default=dict)  # only values that differ from the defaults
    params_key = models.CharField(max_length=16, default="", blank=True)
    code_digest = models.CharField(max_length=64)
    replay_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="replays")

    state = models.CharField(max_length=10, choices=STATES, default=QUEUED)
    cause = models.TextField(blank=True)
    failure = models.CharField(max_length=20, blank=True)  # method, time, memory, lost, machine
    queue = models.CharField(max_length=10, default="cpu")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    request_key = models.CharField(max_length=16, blank=True, db_index=True)  # the press of Run it came from
    requested_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    worker = models.CharField(max_length=120, blank=True)
    progress = models.FloatField(default=0.0)  # 0 to 1
    progress_text = models.CharField(max_length=200, blank=True)
    log = models.TextField(blank=True)
    curve = models.JSONField(default=list)
    counts = models.JSONField(default=dict)
    seconds = models.FloatField(null=True)
    peak_memory_mb = models.FloatField(null=True)
    device = models.CharField(max_length=80, blank=True)
    environment = models.JSONField(default=dict)
    origin = models.CharField(max_length=80, blank=True)  # "" measured here; else the snapshot it was loaded from

    class Meta:
        ordering = ["-requested_at", "-pk"]
        constraints = [models.UniqueConstraint(
            fields=["method", "setting", "scale", "params_key", "seed", "code_digest"],
            condition=Q(replay_of=None) & Q(state__in=["queued", "running", "done"]),
            name="one_run_per_question")]
        indexes = [models.Index(fields=["state", "queue", "requested_at"], name="queue_order"),
                   models.Index(fields=["method", "setting", "scale", "state"], name="table_cells"),
                   # what a stamp reads, so that it need not open the rows
                   models.Index(fields=["method", "state", "code_digest", "finished_at"], name="stamps"),
                   models.Index(fields=["-requested_at", "-id"], name="newest_runs"),
                   models.Index(fields=["finished_at", "method"], name="runs_by_finish")]

    def __str__(self):
        return f"run {self.pk}: {self.method} seed {self.seed}"

    @property
    def stale(self) -> bool:
        return self.code_digest != self.method.run_digest(self.setting, self.scale)

    @property
    def active(self) -> bool:
        return self.state in self.ACTIVE


class Blob(models.Model):
    """The contents of a file, kept once however many libraries have it."""

    sha256 = models.CharField(max_length=64, primary_key=True)  # of the contents as they were
    packed = models.BinaryField()  # by zlib

    def __str__(self):
        return self.sha256


class Library(models.Model):
    """The files of the method library, kit and arenas, as they were when something ran."""

    key = models.CharField(max_length=16, primary_key=True)  # of the files' names and contents
    files = models.JSONField()  # [[path, sha256 of its contents]]
    kept_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "libraries"

    def __str__(self):
        return self.key


class Score(models.Model):
    """One metric of one run."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="scores")
    metric = models.CharField(max_length=60)
    value = models.FloatField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "metric"], name="one_score_per_metric")]

    def __str__(self):
        return f"{self.metric} {self.value:g}"


class Claim(models.Model):
    """What a paper says its method does, as a direction that runs can test, mirrored from the card."""

    method = models.ForeignKey(Method, on_delete=models.CASCADE, related_name="claim_rows")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=20)  # Beats, Matches, GainGrows, Withstands
    sentence = models.TextField()
    rival = models.CharField(max_length=80)
    metric = models.CharField(max_length=60)
    setting = models.CharField(max_length=40)
    terms = models.JSONField()  # [{weight, method, metric, setting}] signed so that positive supports the claim
    margin = models.FloatField(default=0.0)
    cost = models.CharField(max_length=60, blank=True)  # what must be lower than the rival's as well

    class Meta:
        ordering = ["method", "position"]
        constraints = [models.UniqueConstraint(fields=["method", "position"], name="one_claim_per_position")]

    def __str__(self):
        return f"{self.method}: {self.sentence}"

    @cached_property
    def rival_title(self) -> str:
        """The rival as people know it; `with_parents` sets it of many claims at once."""
        named = Method.objects.filter(arena=self.method.arena_id, slug=self.rival).values_list("title", flat=True)
        return named.first() or self.rival


class Verdict(models.Model):
    """What the paired seeds say of a claim; a row per change, the newest one current."""

    CONFIRMED, REFUTED, INCONCLUSIVE = STATUSES = "confirmed", "refuted", "inconclusive"

    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="verdicts")
    status = models.CharField(max_length=14, choices=[(s, s) for s in STATUSES])
    scale = models.CharField(max_length=10, default="full")
    n = models.PositiveIntegerField()
    difference = models.FloatField()  # mean paired difference plus margin, positive supports the claim
    low = models.FloatField()
    high = models.FloatField()
    p_value = models.FloatField(null=True)
    effect_size = models.FloatField(null=True)
    power = models.FloatField(null=True)
    seeds_needed = models.PositiveIntegerField(null=True)  # further seeds for 80 % power
    cost = models.JSONField(null=True)  # the cost half: {cost, unit, n, difference, low, high, p_value}
    family = models.PositiveIntegerField(default=1)  # claims it is corrected for, itself included
    sides = models.JSONField(default=list)  # by term: {method, setting, metric, collapsed: [seeds], steps, gradients}
    basis = models.CharField(max_length=64)  # digest of the scores it was computed from
    current = models.BooleanField(default=True)
    decided_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-decided_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["claim", "scale"], condition=Q(current=True),
                                               name="one_current_verdict")]

    def __str__(self):
        return f"{self.claim}: {self.status}"

    @property
    def look(self) -> int:
        """Which look of the sequential rule its numbers are of; 0 before the first."""
        from evaluations.arithmetic.sequential import LOOKS  # with numpy, which not every process needs
        return sum(look <= self.n for look in LOOKS)


class Asked(models.Model):
    """Seeds that the site asked for by itself to decide a claim, and what it expected of them."""

    claim = models.ForeignKey(Claim, null=True, on_delete=models.SET_NULL, related_name="asked")
    request_key = models.CharField(max_length=16, unique=True)  # that of its runs
    scale = models.CharField(max_length=10, default="full")
    seeds = models.JSONField()
    look = models.PositiveSmallIntegerField()  # the seeds at which the claim is then looked at
    runs = models.PositiveIntegerField()  # queued for it; others may have been there
    seconds = models.FloatField()  # expected of them
    chance = models.FloatField()  # of a decision
    information = models.FloatField()  # bits
    asked_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering = ["-asked_at", "-pk"]
        verbose_name_plural = "asked"

    def __str__(self):
        return f"{self.runs} runs for {self.claim}"


class FalseDiscoveries(models.Model):
    """How many of an arena's claims luck alone would decide (`claims/false_discoveries.py`)."""

    arena = models.ForeignKey(Arena, on_delete=models.CASCADE, related_name="+")
    scale = models.CharField(max_length=10, default="full")
    tested = models.PositiveIntegerField()
    by_luck = models.FloatField()  # mean over the draws
    by_luck_at_most = models.FloatField()  # in 19 of 20 of them
    draws = models.PositiveIntegerField()
    basis = models.CharField(max_length=64)  # digest of the scores it was computed from

    class Meta:
        constraints = [models.UniqueConstraint(fields=["arena", "scale"], name="one_reckoning")]

    def __str__(self):
        return f"{self.arena_id} at {self.scale}: {self.by_luck:g} of {self.tested} by luck"


class Worker(models.Model):
    """A worker process that has said it is alive."""

    name = models.CharField(max_length=120, unique=True)
    queues = models.JSONField(default=list)
    host = models.CharField(max_length=120, blank=True)
    pid = models.PositiveIntegerField(default=0)
    slots = models.PositiveSmallIntegerField(default=1)  # runs or tasks at a time
    device = models.CharField(max_length=120, blank=True)
    device_memory_mb = models.FloatField(null=True)
    fences = models.JSONField(default=list)  # what a run there cannot do, as tried: [{"fence", "holds", "how"}]
    started_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(db_index=True)
    swept_at = models.DateTimeField(null=True)  # when it last looked for lost runs

    def __str__(self):
        return self.name


class DeviceLease(models.Model):
    """Memory on one device promised to one run, so that runs sharing a GPU never overfill it."""

    device = models.CharField(max_length=120)
    run = models.OneToOneField(Run, on_delete=models.CASCADE, related_name="lease")
    memory_mb = models.FloatField()
    taken_at = models.DateTimeField(auto_now=True)

    def __str__(self):
        return f"{self.memory_mb:g} MB of {self.device}"


class Snapshot(models.Model):
    """A comparison table as it was, kept for good; only its title may change.

    It depends on no other row, so that it outlives runs, methods and arenas. The key, which is its address, is made
    of its content: the same table frozen twice is one snapshot.
    """

    key = models.SlugField(primary_key=True, max_length=16)
    title = models.CharField(max_length=160)
    arena = models.SlugField(max_length=60)
    query = models.TextField(blank=True)  # the table's address: its state as URL parameters
    digest = models.CharField(max_length=64)  # of the table
    table = models.JSONField()  # the whole table, every score by seed and the runs behind them
    claims = models.JSONField()  # the arena's claims with their verdicts at that time
    environments = models.JSONField()  # [{facts, runs, codes}]: where and by which code the runs were measured
    frozen_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    frozen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-frozen_at", "key"]

    def __str__(self):
        return self.title


class ReportedReading(models.Model):
    """That a paper's abstract was read for reported claims: which text, by which version of the rules."""

    paper = models.OneToOneField("papers.Paper", on_delete=models.CASCADE, related_name="reported_reading")
    text_hash = models.CharField(max_length=64)
    rules = models.CharField(max_length=64)
    read_at = models.DateTimeField()

    def __str__(self):
        return f"{self.paper}, read {self.read_at:%Y-%m-%d}"


class ReportedClaim(models.Model):
    """A number that a paper's abstract reports: a proposal until a person decides. Nothing here was measured.

    While `present`, paper.abstract[start:end] == quote, and the number stands at value_start:value_end. A decided
    claim outlives an abstract that no longer has it; then it is not present and has no span.
    """

    RESULT, SCALE = "result", "scale"
    PROPOSED, ACCEPTED, CORRECTED, REJECTED = "proposed", "accepted", "corrected", "rejected"
    FIELDS = ("value", "unit", "metric", "dataset", "versus")  # what a person may correct

    paper = models.ForeignKey("papers.Paper", on_delete=models.CASCADE, related_name="reported_claims")
    key = models.CharField(max_length=64)  # the number as written and the words about it, so that it is known again
    kind = models.CharField(max_length=10, choices=[(k, k) for k in (RESULT, SCALE)])
    value = models.FloatField()
    unit = models.CharField(max_length=60, blank=True)
    metric = models.CharField(max_length=200, blank=True)
    dataset = models.CharField(max_length=200, blank=True)
    versus = models.CharField(max_length=200, blank=True)
    quote = models.TextField()
    start = models.PositiveIntegerField(null=True)
    end = models.PositiveIntegerField(null=True)
    value_start = models.PositiveIntegerField(null=True)
    value_end = models.PositiveIntegerField(null=True)
    status = models.CharField(max_length=10, default=PROPOSED, db_index=True, choices=[
        (s, s) for s in (PROPOSED, ACCEPTED, CORRECTED, REJECTED)])
    present = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["paper", "value_start", "pk"]
        constraints = [models.UniqueConstraint(fields=["paper", "key"], name="one_reported_claim_per_number")]
        indexes = [models.Index(fields=["kind", "paper", "value_start", "id", "status"], name="reported_in_order")]

    def __str__(self):
        return f"{self.value:g} {self.unit}".strip()

    @property
    def span(self) -> list[int] | None:
        return None if self.start is None or self.end is None else [self.start, self.end]


class ReportedClaimEdit(models.Model):
    """One decision about a reported claim. `reverts` names the decision that an undo took back."""

    claim = models.ForeignKey(ReportedClaim, on_delete=models.CASCADE, related_name="edits")
    action = models.CharField(max_length=10, choices=[(a, a) for a in ("accept", "correct", "reject", "undo")])
    before = models.JSONField()  # status and the fields that may be corrected
    after = models.JSONField()
    reverts = models.OneToOneField("self", null=True, blank=True, on_delete=models.CASCADE, related_name="reverted_by")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-made_at", "-pk"]

    def __str__(self):
        return f"{self.action} {self.claim}"


class TabulatedResult(models.Model):
    """A number that a table of results, in a digest, gives a paper: said there, not measured here, and never ranked
    with what is. It goes with its digest.
    """

    FIELDS = ("task", "dataset", "metric", "value", "model")

    paper = models.ForeignKey("papers.Paper", on_delete=models.CASCADE, related_name="tabulated_results")
    digest = models.ForeignKey("papers.Digest", on_delete=models.CASCADE, related_name="+")
    task = models.CharField(max_length=300, blank=True)
    dataset = models.CharField(max_length=300)
    metric = models.CharField(max_length=300)
    value = models.CharField(max_length=300)  # as it is written there
    number = models.FloatField(null=True)  # what of it is a number
    model = models.CharField(max_length=300, blank=True)  # what the paper calls it
    key = models.CharField(max_length=64)  # of all five

    class Meta:
        ordering = ["task", "dataset", "metric", "pk"]
        constraints = [models.UniqueConstraint(fields=["digest", "paper", "key"], name="one_tabulated_result_a_row")]

    def __str__(self):
        return f"{self.model or 'it'}: {self.value} {self.metric} on {self.dataset}"


class Prepared(models.Model):
    """For which state of its inputs a step of preparing was last done to its end, so that a start skips it."""

    step = models.CharField(max_length=200, primary_key=True)
    key = models.CharField(max_length=64)
    at = models.DateTimeField(auto_now=True)

    def __str__(self):
        return f"{self.step} at {self.at}"

    @classmethod
    def is_done(cls, step: str, key: str) -> bool:
        return cls.objects.filter(step=step, key=key).exists()

    @classmethod
    def done(cls, step: str, key: str) -> None:
        cls.objects.update_or_create(step=step, defaults={"key": key})
