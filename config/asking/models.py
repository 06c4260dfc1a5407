"""Requests for runs by people who may not start them."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class Ask(models.Model):
    """What somebody would like to see measured, and what a runner said to it."""

    OPEN, GRANTED, DECLINED, WITHDRAWN = STATES = "open", "granted", "declined", "withdrawn"

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="asks")
    target = models.CharField(max_length=200)  # as evaluations.runs.requests.find_target reads it
    title = models.CharField(max_length=200)  # of the target, as it was then
    setting = models.CharField(max_length=40, default="default")
    scale = models.CharField(max_length=10, default="full")
    seeds = models.CharField(max_length=200, default="10")
    queue = models.CharField(max_length=10, default="cpu")
    reason = models.CharField(max_length=500, blank=True)
    state = models.CharField(max_length=10, default=OPEN, choices=[(s, s) for s in STATES])
    asked_at = models.DateTimeField(auto_now_add=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    answered_at = models.DateTimeField(null=True)
    word = models.CharField(max_length=500, blank=True)  # of whoever answered
    request_key = models.CharField(max_length=16, blank=True)  # of the runs that were queued

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["by", "target", "setting", "scale", "seeds"],
                                               condition=Q(state="open"), name="asked_once")]
        indexes = [models.Index(fields=["state", "-id"], name="asks_by_state")]

    def __str__(self):
        return f"{self.by} asks for {self.target}"
