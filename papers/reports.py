"""What an import did or would do, ready to render as page, text or JSON."""

from dataclasses import dataclass, field, replace

from papers.digests.records import Reject
from papers.models import Digest

NEW, KNOWN, MERGED = "new", "known", "merged"


@dataclass(frozen=True, slots=True)
class Change:
    """A field of a known paper that the digest fills or extends. Long values are shortened."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One appearance: where it stands, whose paper it is, and what it brought."""

    position: int
    line: int | None
    title: str
    paper_id: int | None
    outcome: str
    changes: tuple[Change, ...] = ()


@dataclass(slots=True)
class ImportReport:
    """One digest's import or preview. `error` is set when nothing could be read."""

    name: str
    sha256: str = ""
    format: str = ""
    digest_id: int | None = None
    already_imported: bool = False
    queued: bool = False  # a worker imports it
    entries: list[Entry] = field(default_factory=list)
    rejected: list[Reject] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    headings: tuple[str, ...] = ()  # of a table
    columns: dict[str, str] = field(default_factory=dict)  # field: heading, as read, or guessed where it was not
    error: str = ""

    def __str__(self):
        return self.summary

    @property
    def new(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.outcome == NEW]

    @property
    def known(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.outcome == KNOWN]

    @property
    def merged(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.outcome == MERGED]

    @property
    def changes_anything(self) -> bool:
        return bool(self.entries) and not self.already_imported

    @property
    def counts(self) -> dict[str, int]:
        return {"appearances": len(self.entries), "new": len(self.new), "known": len(self.known),
                "merged": len(self.merged), "rejected": len(self.rejected)}

    @property
    def summary(self) -> str:
        if self.error:
            return self.error
        if self.already_imported:
            return f"{self.name}: imported before, nothing changes ({_count(len(self.entries), 'entry', 'entries')})"
        if self.queued:
            return f"{self.name}: is being imported in the background"
        counts = self.counts
        return (f"{self.name} ({self.format}): {_count(counts['appearances'], 'entry', 'entries')}, "
                f"{_count(counts['new'], 'new paper', 'new papers')}, "
                f"{counts['known']} known, {counts['merged']} merged, {counts['rejected']} rejected")

    def again(self) -> "ImportReport":
        """What is reported of the same bytes next: nothing changes."""
        return replace(self, already_imported=True,
                       entries=[replace(entry, outcome=KNOWN, changes=()) for entry in self.entries])

    def as_dict(self) -> dict:
        """JSON-ready; the counts first, then every entry and reject."""
        return {
            "name": self.name, "sha256": self.sha256, "format": self.format, "digest": self.digest_id,
            "already_imported": self.already_imported, "error": self.error, **self.counts, "notes": self.notes,
            "headings": list(self.headings), "columns": self.columns,
            "entries": [{"position": e.position, "line": e.line, "title": e.title, "paper": e.paper_id,
                         "outcome": e.outcome,
                         "changes": [{"field": c.field, "before": c.before, "after": c.after} for c in e.changes]}
                        for e in self.entries],
            "rejects": [{"line": r.line, "reason": r.reason, "excerpt": r.excerpt} for r in self.rejected],
        }


@dataclass(frozen=True, slots=True)
class Removal:
    """What taking a digest back did: papers that went with it, papers that stayed."""

    name: str
    sha256: str
    removed: int
    kept: int
    restorable: bool
    columns: dict[str, str] = field(default_factory=dict)


def stored_report(digest: Digest, *, already_imported: bool = False) -> ImportReport:
    """The report of a digest imported before: every entry known."""
    return ImportReport(
        name=digest.name, sha256=digest.sha256, format=digest.format, digest_id=digest.pk,
        already_imported=already_imported,
        entries=[Entry(position, line, title, paper, KNOWN) for position, line, title, paper in
                 digest.appearances.values_list("position", "line", "paper__title", "paper")],
        rejected=[Reject(line, reason, excerpt) for line, reason, excerpt in
                  digest.rejections.values_list("line", "reason", "excerpt")])


def _count(n: int, singular: str, plural: str) -> str:
    return f"{n} {singular if n == 1 else plural}"
