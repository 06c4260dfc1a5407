"""What people did, in one table that only grows."""

from __future__ import annotations

from django.db import models


class AppendOnly(models.QuerySet["Entry"]):
    """Rows are added and read."""

    def update(self, **values):
        raise TypeError("the history only grows: an entry is never changed")

    def delete(self):
        raise TypeError("the history only grows: an entry is never removed")


class Entry(models.Model):
    """An act as it concerns one object; the entries of one act share `act`, and the first of them is `leading`.

    Account and objects are named and not referred to, so that the history outlives them.
    """

    act = models.CharField(max_length=16, db_index=True)
    leading = models.BooleanField()
    at = models.DateTimeField(auto_now_add=True)
    account = models.BigIntegerField()
    name = models.CharField(max_length=150)  # of the account, as it was then
    token = models.CharField(max_length=100, blank=True)  # the API token that acted in its name
    verb = models.CharField(max_length=40)
    kind = models.CharField(max_length=20)
    key = models.CharField(max_length=160)
    words = models.TextField(blank=True)

    objects = AppendOnly.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "entries"
        indexes = [models.Index(fields=["kind", "key", "-id"], name="history_of_object"),
                   models.Index(fields=["leading", "-id"], name="acts_newest"),
                   models.Index(fields=["account", "-id"], name="acts_of_account")]

    def __str__(self):
        return f"{self.name} {self.verb} {self.kind} {self.key}"

    def save(self, *args, **kwargs):
        if self.pk is not None:
            raise TypeError("the history only grows: an entry is never changed")
        super().save(*args, **kwargs)

    def delete(self, *args, **kwargs):
        raise TypeError("the history only grows: an entry is never removed")
