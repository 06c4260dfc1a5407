"""What a person keeps: which papers are starred, read or hidden, with which note, tags and lists; and how to undo it.

Every row belongs to one account and is shown to nobody else, but for a list that its owner shares by a link.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

COLOURS = ("teal", "gold", "violet", "blue", "red", "grey")  # classes of the stylesheet


class Mark(models.Model):
    """What one account says of one paper. A moment says since when; none that it is not so."""

    STATES = STARRED, READ, HIDDEN = "starred_at", "read_at", "hidden_at"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    paper = models.ForeignKey("papers.Paper", on_delete=models.CASCADE, related_name="+")
    starred_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    hidden_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True)  # Markdown
    noted_at = models.DateTimeField(null=True)  # null where there is no note

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "paper"], name="one_mark_per_account_and_paper")]
        indexes = [
            models.Index(fields=["user", "-starred_at"], condition=Q(starred_at__isnull=False), name="starred_by"),
            models.Index(fields=["user", "-read_at"], condition=Q(read_at__isnull=False), name="read_by"),
            models.Index(fields=["user", "-hidden_at"], condition=Q(hidden_at__isnull=False), name="hidden_by"),
            models.Index(fields=["user", "-noted_at"], condition=Q(noted_at__isnull=False), name="noted_by"),
            models.Index(fields=["read_at"], condition=Q(read_at__isnull=False), name="read_lately"),
            models.Index(fields=["starred_at"], condition=Q(starred_at__isnull=False), name="starred_lately")]

    def __str__(self):
        return f"{self.user} on {self.paper}"


class Tag(models.Model):
    """A word of one account's own for papers; `a/b` lies in `a`."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=100)
    colour = models.CharField(max_length=10, default=COLOURS[0], choices=[(colour, colour) for colour in COLOURS])

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="one_tag_of_a_name_per_account")]

    def __str__(self):
        return self.name


class TagOnPaper(models.Model):
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="places")
    paper = models.ForeignKey("papers.Paper", on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tag", "paper"], name="one_place_per_tag_and_paper")]

    def __str__(self):
        return f"{self.tag} on {self.paper}"


class PaperList(models.Model):
    """Papers in an order of one's own; whoever has the link reads it until `shared_until`, for good where null."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=100)
    about = models.TextField(blank=True)  # Markdown
    share_key = models.CharField(max_length=43, null=True, unique=True, editable=False)  # in the link; null: not shared
    shared_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="one_list_of_a_name_per_account")]

    def __str__(self):
        return self.name

    @property
    def shared(self) -> bool:
        return self.share_key is not None and (self.shared_until is None or self.shared_until > timezone.now())


class ListEntry(models.Model):
    paper_list = models.ForeignKey(PaperList, on_delete=models.CASCADE, related_name="entries")
    paper = models.ForeignKey("papers.Paper", on_delete=models.CASCADE, related_name="+")
    position = models.PositiveIntegerField()  # grows along the list; gaps do not matter
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["paper_list", "paper"], name="one_entry_per_list_and_paper")]
        indexes = [models.Index(fields=["paper_list", "position"], name="list_order")]

    def __str__(self):
        return f"{self.paper_list} #{self.position}"


class Reader(models.Model):
    """How far an account is: its inbox begins at `inbox_from`; it looked there last at `seen_at`, in the visit before
    this one at `last_visit`. `revision` grows with whatever it keeps."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+")
    inbox_from = models.DateTimeField()
    seen_at = models.DateTimeField(null=True)
    last_visit = models.DateTimeField(null=True)
    revision = models.BigIntegerField(default=0)

    def __str__(self):
        return f"{self.user}, revision {self.revision}"


class Action(models.Model):
    """One thing an account did here, with what takes it back (`papers.shelf.undoing`)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    words = models.CharField(max_length=200)  # "starred 3 papers"
    undo = models.JSONField()
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["user", "-id"], name="newest_actions")]

    def __str__(self):
        return f"{self.user} {self.words}"
