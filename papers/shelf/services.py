"""What an account does with papers: star, read, hide, note, tag, list. Each is one action that can be undone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from papers.shelf.models import Action, ListEntry, Mark, PaperList, Reader, Tag, TagOnPaper
from papers.shelf.undoing import ensure_marks, existing, fields_of, lots, record

STATES = {"star": Mark.STARRED, "read": Mark.READ, "hide": Mark.HIDDEN}
DONE = {("star", True): "starred", ("star", False): "took the star off", ("read", True): "marked as read",
        ("read", False): "marked as unread", ("hide", True): "hid", ("hide", False): "showed again"}
MOST_NAME = 100  # characters of a tag or list
MOST_NOTE = 20_000  # characters
MOST_TAGS = 1000  # of an account, and as many lists


class ShelfError(ValueError):
    """What was asked cannot be done. The message says why."""


def set_state(*, user, papers: Iterable[int], state: str, on: bool) -> Action | None:
    """Star, read or hide these papers, or take that off them; None where nothing changed by it."""
    field, now = STATES[state], timezone.now()
    with transaction.atomic():
        here = existing(papers)
        if on:
            changed = _set(user, here, field, now)
            step: dict[str, object] = {"set": field, "at": now.isoformat()}
        else:
            was = _moments(user, here, field)
            for some in lots(list(was)):
                Mark.objects.filter(user=user, paper__in=some).update(**{field: None})
            changed = len(was)
            step = {"back": field, "was": {str(pk): at.isoformat() for pk, at in was.items()}}
        return record(user=user, words=f"{DONE[state, on]} {counted(changed)}", undo=[step], at=now) \
            if changed else None


def _set(user, papers: list[int], field: str, at: datetime) -> int:
    """Set the field of the account's marks where it is not; how many."""
    ensure_marks(user, papers)
    return sum(Mark.objects.filter(user=user, paper__in=some, **{f"{field}__isnull": True}).update(**{field: at})
               for some in lots(papers))


def _moments(user, papers: list[int], field: str) -> dict[int, datetime]:
    found: dict[int, datetime] = {}
    for some in lots(papers):
        found.update(Mark.objects.filter(user=user, paper__in=some, **{f"{field}__isnull": False}).values_list(
            "paper", field))
    return found


def mark_read_until(*, user, papers: list[int], inbox_from: datetime, until: datetime) -> Action:
    """Mark the papers of the inbox as read and begin it anew at `until`."""
    now = timezone.now()
    with transaction.atomic():
        changed = _set(user, existing(papers), Mark.READ, now)
        Reader.objects.filter(user=user).update(inbox_from=until)
        return record(user=user, words=f"marked all as read: {counted(changed)}", at=now, undo=[
            {"set": Mark.READ, "at": now.isoformat()}, {"inbox_from": inbox_from.isoformat()}])


def write_note(*, user, paper: int, text: str) -> Action | None:
    """The account's note on the paper, Markdown; an empty one takes it away. Raises ShelfError when it is too long."""
    text, now = text.replace("\r\n", "\n").strip(), timezone.now()
    if len(text) > MOST_NOTE:
        raise ShelfError(f"A note has at most {MOST_NOTE:,} characters; this one has {len(text):,}.")
    with transaction.atomic():
        if not existing([paper]):
            raise ShelfError("This paper is no longer here.")
        ensure_marks(user, [paper])
        mark = Mark.objects.select_for_update().get(user=user, paper=paper)
        if mark.note == text:
            return None
        before = [mark.note, mark.noted_at.isoformat() if mark.noted_at else None]
        Mark.objects.filter(pk=mark.pk).update(note=text, noted_at=now if text else None)
        return record(user=user, words="wrote a note" if text else "took a note away", at=now,
                      undo=[{"notes": {str(paper): before}}])


def tag_papers(*, user, papers: Iterable[int], name: str, on: bool = True) -> Action | None:
    """Put the account's tag of this name on the papers, made if need be, or take it off them. Raises ShelfError."""
    name, now = tag_name(name), timezone.now()
    with transaction.atomic():
        tag = Tag.objects.filter(user=user, name=name).first()
        undo: list[dict] = []
        if tag is None:
            if not on:
                raise ShelfError(f"You have no tag {name}.")
            _check_room(Tag, user)
            tag = Tag.objects.create(user=user, name=name)
            undo.append({"of": "tag", "made": tag.pk})
        here = existing(papers)
        having = set(TagOnPaper.objects.filter(tag=tag).values_list("paper", flat=True))
        changed = [pk for pk in here if (pk in having) != on]
        if not changed:
            return None
        if on:
            TagOnPaper.objects.bulk_create([TagOnPaper(tag=tag, paper_id=pk) for pk in changed], ignore_conflicts=True)
        else:
            for some in lots(changed):
                TagOnPaper.objects.filter(tag=tag, paper__in=some).delete()
        undo.append({"of": "tag", "owner": fields_of(tag), "off": changed if on else [],
                     "on": [] if on else [[pk, 0] for pk in changed]})
        return record(user=user, words=f"{'tagged' if on else 'took the tag off'} {counted(len(changed))}: {name}",
                      undo=undo, at=now)


def list_papers(*, user, papers: Iterable[int], name: str, on: bool = True) -> Action | None:
    """Put the papers at the end of the account's list of this name, made if need be, or take them off it.

    Raises ShelfError.
    """
    name, now = list_name(name), timezone.now()
    with transaction.atomic():
        chosen = PaperList.objects.filter(user=user, name=name).first()
        undo: list[dict] = []
        if chosen is None:
            if not on:
                raise ShelfError(f"You have no list “{name}”.")
            _check_room(PaperList, user)
            chosen = PaperList.objects.create(user=user, name=name)
            undo.append({"of": "list", "made": chosen.pk})
        here = existing(papers)
        places = dict(chosen.entries.values_list("paper", "position"))
        changed = [pk for pk in here if (pk in places) != on]
        if not changed:
            return None
        if on:
            last = chosen.entries.aggregate(last=Max("position"))["last"] or 0
            ListEntry.objects.bulk_create([ListEntry(paper_list=chosen, paper_id=pk, position=last + place)
                                           for place, pk in enumerate(changed, start=1)], ignore_conflicts=True)
        else:
            for some in lots(changed):
                chosen.entries.filter(paper__in=some).delete()
        chosen.save(update_fields=["changed_at"])
        undo.append({"of": "list", "owner": fields_of(chosen), "off": changed if on else [],
                     "on": [] if on else [[pk, places[pk]] for pk in changed]})
        return record(user=user, undo=undo, at=now, words=f"{'put' if on else 'took'} {counted(len(changed))} "
                      f"{'on' if on else 'off'} the list “{name}”")


def _check_room(model: type[Tag] | type[PaperList], user) -> None:
    if model._base_manager.filter(user=user).count() >= MOST_TAGS:
        raise ShelfError(f"An account has at most {MOST_TAGS:,} of these.")


def tag_name(text: str) -> str:
    """A tag as it is stored: lower case, `a/b` without empty parts. Raises ShelfError."""
    parts = [" ".join(part.split()) for part in text.lower().replace('"', "").split("/")]
    return _name("/".join(filter(None, parts)), "tag")


def list_name(text: str) -> str:
    """A list's name on one line. Raises ShelfError."""
    return _name(" ".join(text.replace('"', "").split()), "list")


def _name(name: str, what: str) -> str:
    if not name:
        raise ShelfError(f"A {what} needs a name.")
    if len(name) > MOST_NAME or "\0" in name or "*" in name:
        raise ShelfError(f"The name of a {what} has at most {MOST_NAME} characters, and no *.")
    return name


def counted(number: int) -> str:
    return f"{number:,} paper{'' if number == 1 else 's'}"
