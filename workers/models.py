"""What a machine says of its own disk."""

from django.db import models


class DiskUse(models.Model):
    """What a data folder holds by kind, as the housekeeping of that machine last found it, and what it removed."""

    place = models.CharField(max_length=255, unique=True)  # host:folder
    kinds = models.JSONField(default=dict)  # bytes by kind
    removed = models.JSONField(default=list)  # the last time: [{"kind", "number", "bytes"}]
    orphans = models.JSONField(default=dict)  # originals of no digest: SHA-256 to the day they were first seen so
    looked_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["place"]

    def __str__(self):
        return f"disk use of {self.place}"

    @property
    def sizes(self) -> list[tuple[str, int]]:
        """Kinds and their bytes, the largest first."""
        return sorted(self.kinds.items(), key=lambda item: -item[1])

    @property
    def total(self) -> int:
        return sum(self.kinds.values())
