"""Papers, the digests they came from, their vectors and clusters."""

from datetime import datetime

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from papers.digests.venues import short_venue


class Digest(models.Model):
    """One imported file, message or paste; the same bytes are imported once.

    It is stored and taken back in many short transactions: `state` says whether that came to its end.
    """

    COMPLETE, IMPORTING, REMOVING = "complete", "importing", "removing"

    sha256 = models.CharField(max_length=64, unique=True, editable=False)
    name = models.CharField(max_length=255)
    format = models.CharField(max_length=40)
    columns = models.JSONField(default=dict, blank=True, editable=False)  # of a table: field to heading, as was said
    state = models.CharField(max_length=10, default=COMPLETE, editable=False,
                             choices=[(state, state) for state in (COMPLETE, IMPORTING, REMOVING)])
    listed = models.PositiveIntegerField(null=True, editable=False)  # entries it has; unknown until it is read
    imported_at = models.DateTimeField(auto_now_add=True)
    imported_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)

    class Meta:
        ordering = ["-imported_at", "-pk"]

    def __str__(self):
        return self.name


class Cluster(models.Model):
    """A group of papers near each other in meaning. Its identity outlives re-clustering."""

    label = models.CharField(max_length=200)
    terms = models.JSONField(default=list)  # [[term, weight], ...] most distinctive first
    centroid = models.BinaryField()  # float32, unit length
    model_id = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["label"]

    def __str__(self):
        return self.label


class Paper(models.Model):
    """One paper, however many digests list it. `title_key` is the normalised title: two papers may have the same.

    `sources` says for each field where its value came from: [rank, digest's primary key], under "" for all others.
    """

    title = models.TextField()
    title_key = models.CharField(max_length=400, db_index=True, editable=False)
    abstract = models.TextField(blank=True)
    described = models.BooleanField(default=False)  # `abstract` is a description until the paper's own one arrives
    arxiv_id = models.CharField(max_length=40, null=True, blank=True, unique=True)
    doi = models.CharField(max_length=200, null=True, blank=True, unique=True)
    year = models.PositiveSmallIntegerField(null=True, blank=True, db_index=True)
    published_on = models.DateField(null=True, blank=True)
    authors = models.JSONField(default=list, blank=True)
    urls = models.JSONField(default=list, blank=True)
    venue = models.CharField(max_length=300, blank=True)  # journal, conference or book
    withdrawn = models.BooleanField(default=False)
    cite_key = models.CharField(max_length=80, blank=True, db_index=True, editable=False)  # given once
    sources = models.JSONField(default=dict, blank=True, editable=False)
    cluster = models.ForeignKey(Cluster, null=True, blank=True, on_delete=models.SET_NULL, related_name="papers",
                                db_index=False)  # the first part of an index below
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["cluster", "-created_at", "-id"], name="papers_of_clusters"),
                   models.Index(fields=["year", "-created_at", "-id"], name="papers_of_years")]

    def __str__(self):
        return self.title

    @property
    def text(self) -> str:
        """What is embedded and searched."""
        return f"{self.title}\n\n{self.abstract}".strip()

    @property
    def short_venue(self) -> str:
        """The venue as a row has room for it."""
        return short_venue(self.venue)

    @property
    def web_urls(self) -> list[str]:
        """The addresses fit to be links, the arXiv page first."""
        addresses = [f"https://arxiv.org/abs/{self.arxiv_id}"] if self.arxiv_id else []
        addresses += [f"https://doi.org/{self.doi}"] if self.doi else []
        return list(dict.fromkeys(addresses + [url for url in self.urls if url.startswith(("http://", "https://"))]))


class OtherTitle(models.Model):
    """A further title a paper was listed under (an earlier version, another spelling), so that it is known again."""

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="other_titles")
    title = models.TextField()
    title_key = models.CharField(max_length=400, editable=False)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["title_key", "paper"], name="one_row_per_title_and_paper")]

    def __str__(self):
        return self.title


class PaperIdentifier(models.Model):
    """A further identifier of a paper: of another site, or a second DOI or arXiv id beside the paper's own."""

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="identifiers")
    kind = models.CharField(max_length=20)  # see papers/digests/identifiers.py
    value = models.CharField(max_length=200)

    class Meta:
        ordering = ["kind", "value"]
        constraints = [models.UniqueConstraint(fields=["value", "kind"], name="one_paper_per_identifier")]

    def __str__(self):
        return f"{self.kind}:{self.value}"


class PaperValue(models.Model):
    """A value that a source gave and the paper does not show: replaced by a better one, or never better itself."""

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="values")
    field = models.CharField(max_length=20)
    value = models.JSONField()
    value_hash = models.CharField(max_length=64)
    rank = models.PositiveSmallIntegerField()
    digest = models.BigIntegerField(null=True)  # its number, also when it was taken back
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["field", "pk"]
        constraints = [models.UniqueConstraint(fields=["paper", "field", "value_hash"], name="one_row_per_value")]

    def __str__(self):
        return f"{self.field} of {self.paper}"


class PossibleDuplicate(models.Model):
    """Two papers that may be one, until a person says; `different` then keeps them apart for good."""

    OPEN, DIFFERENT = "open", "different"

    first = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="+")  # the older
    second = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=200)
    score = models.FloatField()  # how alike the titles are, 0 to 100
    state = models.CharField(max_length=10, default=OPEN, db_index=True,
                             choices=[(state, state) for state in (OPEN, DIFFERENT)])
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-score", "pk"]
        constraints = [models.UniqueConstraint(fields=["first", "second"], name="one_question_per_pair")]

    def __str__(self):
        return f"{self.first} / {self.second}"


class WholeEncoder(DjangoJSONEncoder):
    """JSON that keeps the microseconds of moments."""

    def default(self, o):
        return o.isoformat() if isinstance(o, datetime) else super().default(o)


class Merge(models.Model):
    """A paper that was folded into another, with all that takes it apart again. Its address leads to the other.

    Both papers are numbers, not references: the address is kept whatever becomes of the rows.
    """

    BY_HAND = "a person said so"

    kept = models.BigIntegerField(db_index=True)
    dropped = models.BigIntegerField(db_index=True)
    title = models.TextField()  # of the dropped
    reason = models.CharField(max_length=200)
    undo = models.JSONField(encoder=WholeEncoder)  # see papers/identity/merging.py
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.title} (paper {self.dropped}) into paper {self.kept}"


class FormerPaper(models.Model):
    """The number of a paper that went with its last digest: it gets it back when a digest brings it again."""

    number = models.BigIntegerField(primary_key=True)
    title_key = models.CharField(max_length=400, db_index=True)
    arxiv_id = models.CharField(max_length=40, null=True)
    doi = models.CharField(max_length=200, null=True)

    def __str__(self):
        return f"paper {self.number}: {self.title_key}"


class Appearance(models.Model):
    """A paper's place in a digest."""

    digest = models.ForeignKey(Digest, on_delete=models.CASCADE, related_name="appearances")
    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="appearances", db_index=False)
    position = models.PositiveIntegerField()  # 1-based, in the order of the digest
    line = models.PositiveIntegerField(null=True)
    outcome = models.CharField(max_length=6, blank=True)  # of its import: new, known or merged; "" before that was kept

    class Meta:
        ordering = ["digest", "position"]
        constraints = [models.UniqueConstraint(fields=["digest", "position"], name="one_paper_per_position")]
        indexes = [models.Index(fields=["paper", "digest"], name="digests_of_papers")]

    def __str__(self):
        return f"{self.digest} #{self.position}"


class Rejection(models.Model):
    """A part of a digest that could not be read, and why."""

    digest = models.ForeignKey(Digest, on_delete=models.CASCADE, related_name="rejections")
    line = models.PositiveIntegerField(null=True)
    reason = models.CharField(max_length=300)
    excerpt = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["digest", "line"]

    def __str__(self):
        return f"{self.digest}, line {self.line}: {self.reason}"


class SearchText(models.Model):
    """A paper's or a method's words as search sees them; the full-text index and the vectors hang on it.

    `key` is the paper's primary key or the method's "arena/slug"; `paper` the paper's row, null for a method.
    """

    PAPER, METHOD = "paper", "method"

    kind = models.CharField(max_length=10)
    key = models.CharField(max_length=160)
    paper = models.OneToOneField(Paper, null=True, blank=True, on_delete=models.CASCADE, related_name="search_text")
    title = models.TextField()
    body = models.TextField(blank=True)
    authors = models.TextField(blank=True)  # of a paper, as papers.search.names writes them
    ids = models.TextField(blank=True)  # what a paper is known by, as papers.search.identifiers writes it
    text_hash = models.CharField(max_length=64)
    embedded_by = models.CharField(max_length=200, blank=True, db_index=True)  # the model that has seen these words

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="one_search_text_per_object")]

    def __str__(self):
        return f"{self.kind} {self.key}"


class Vector(models.Model):
    """The embedding of one text by one model: the index is rebuilt from these rows."""

    text = models.ForeignKey(SearchText, on_delete=models.CASCADE, related_name="vectors")
    model_id = models.CharField(max_length=200)
    text_hash = models.CharField(max_length=64)
    dimension = models.PositiveIntegerField()
    values = models.BinaryField()  # float32, unit length
    created_at = models.DateTimeField(auto_now=True, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["text", "model_id"], name="one_vector_per_text_and_model")]

    def __str__(self):
        return f"{self.text} by {self.model_id}"


class Revision(models.Model):
    """A number that grows whenever something derived from many rows is out of date: one row to ask instead of all."""

    VECTORS = "vectors"  # texts, their vectors, and which texts there are
    LINKS = "links"  # what curators have said of links
    LINKED = "linked"  # the links that were made without a curator
    CLUSTERS = "clusters"  # which papers are in which
    NEAR_TITLES = "near titles"  # when titles were last compared, in microseconds: not counted but put

    name = models.CharField(max_length=40, primary_key=True)
    number = models.BigIntegerField(default=0)

    def __str__(self):
        return f"{self.name} {self.number}"

    @staticmethod
    def grow(name: str) -> None:
        """Within the transaction of the change."""
        if not Revision.objects.filter(pk=name).update(number=models.F("number") + 1):
            Revision.objects.bulk_create([Revision(name=name, number=1)], update_conflicts=True,
                                         unique_fields=["name"], update_fields=["number"])

    @staticmethod
    def put(name: str, number: int) -> None:
        """Within a transaction."""
        Revision.objects.bulk_create([Revision(name=name, number=number)], update_conflicts=True,
                                     unique_fields=["name"], update_fields=["number"])

    @staticmethod
    def of(name: str) -> int:
        return Revision.objects.filter(pk=name).values_list("number", flat=True).first() or 0


from papers.sources.models import CodeLink, HostPace, LookUp, Reference, Source, SourceFetch, WantedPaper  # noqa: E402,F401  models of this app
