"""Fields of search and lists that speak of what the asking account keeps: is: read: tag: list: note:."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Q, QuerySet

from papers.models import Paper
from papers.shelf.models import ListEntry, Mark, PaperList, Tag, TagOnPaper

STATES = {"starred": "starred", "unread": "not read yet", "read": "read", "hidden": "hidden", "noted": "with a note",
          "kept": "starred, noted, tagged or listed", "all": "hidden ones too"}


def is_state(state: str, asker) -> Q:
    """Papers of which this is so for the account."""
    marks = Mark.objects.filter(user=asker)
    if state == "unread":
        return ~Q(pk__in=marks.filter(read_at__isnull=False).values("paper"))
    if state == "all":
        return ~Q(pk__in=())
    if state == "kept":
        return Q(pk__in=marks.filter(starred_at__isnull=False).values("paper")) | Q(pk__in=marks.filter(
            noted_at__isnull=False).values("paper")) | Q(pk__in=_tagged(Tag.objects.filter(user=asker))) | Q(
            pk__in=ListEntry.objects.filter(paper_list__user=asker).values("paper"))
    return Q(pk__in=marks.filter(**{f"{state}_at__isnull": False}).values("paper"))


def yes_or_no(asker) -> Mapping[str, str]:
    return {"yes": "yes", "no": "no"}


def is_read(value: str, asker) -> Q:
    return is_state("read" if value == "yes" else "unread", asker)


def tags_of(asker) -> Mapping[str, str]:
    """The account's tags, those that only hold others too: a/b has a as well."""
    names = Tag.objects.filter(user=asker).values_list("name", flat=True)
    return {part: part for name in names for part in within(name)}


def within(name: str) -> list[str]:
    """The tag and those it lies in: a, a/b, a/b/c."""
    parts = name.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]


def has_tag(name: str, asker) -> Q:
    """With the tag or one that lies in it."""
    return Q(pk__in=_tagged(Tag.objects.filter(Q(name=name) | Q(name__startswith=f"{name}/"), user=asker)))


def _tagged(tags: QuerySet[Tag]) -> QuerySet:
    return TagOnPaper.objects.filter(tag__in=tags.order_by().values("pk")).values("paper")


def lists_of(asker) -> Mapping[str, str]:
    """The account's lists by number and, as the title, by name."""
    return {str(pk): name for pk, name in PaperList.objects.filter(user=asker).values_list("pk", "name")}


def in_list(pk: str, asker) -> Q:
    return Q(pk__in=ListEntry.objects.filter(paper_list=int(pk), paper_list__user=asker).order_by().values("paper"))


def any_words(asker) -> None:
    return None


def note_has(words: str, asker) -> Q:
    """With a note that has these words, or, with `*` alone, with any note."""
    notes = Mark.objects.filter(user=asker, noted_at__isnull=False)
    for word in words.replace("*", " ").split():
        notes = notes.filter(note__icontains=word)
    return Q(pk__in=notes.values("paper"))


def left_out(asker) -> QuerySet | None:
    """The papers that the account has hidden; None where there are none."""
    hidden = Mark.objects.filter(user=asker, hidden_at__isnull=False) if asker is not None else Mark.objects.none()
    return hidden.values("paper") if hidden.exists() else None


def papers_of(asker, **wanted: str) -> QuerySet[Paper]:
    """The papers that fulfil all of these fields for the account, newest first: `papers_of(user, tag="peft")`."""
    conditions = {"is": is_state, "read": is_read, "tag": has_tag, "list": in_list, "note": note_has}
    papers = Paper.objects.all()
    for name, value in wanted.items():
        papers = papers.filter(conditions[name](value, asker))
    return papers
