"""What an account did, and taking it back: the newest action first, as often as it likes.

`Action.undo` is a list of steps, carried out last to first. Papers that are gone by then are passed over.

    {"set": "starred_at", "at": moment}                    what was set at that moment is unset
    {"back": "read_at", "was": {paper: moment}}            these moments are set again
    {"notes": {paper: [text, moment]}}                     these notes stand again
    {"inbox_from": moment}                                 the inbox begins there again
    {"of": "tag", "owner": fields, "off": [papers], "on": [[paper, position]]}   what hangs on a tag or list
    {"of": "list", "was": fields}                          its own fields; it is made again where it is gone
    {"of": "tag", "made": key}                             it was made: it goes, where nothing hangs on it by now
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, cast

from django.core import serializers
from django.db import IntegrityError, models, transaction
from django.db.models import F
from django.utils import timezone

from papers.models import Paper
from papers.shelf.models import Action, ListEntry, Mark, PaperList, Reader, Tag, TagOnPaper

KEPT_ACTIONS = 200  # of an account
OWNERS: dict[str, tuple[type[models.Model], type[models.Model], str]] = {
    "tag": (Tag, TagOnPaper, "tag"), "list": (PaperList, ListEntry, "paper_list")}


class NothingToUndo(ValueError):
    """There is no such action, or it is taken back already. The message says which."""


def record(*, user, words: str, undo: list[dict], at: datetime) -> Action:
    """Keep what was done, within the transaction that did it; the oldest actions are forgotten."""
    action = Action.objects.create(user=user, words=words[:200], undo=undo, at=at)
    oldest = Action.objects.filter(user=user).values_list("pk", flat=True)[KEPT_ACTIONS:KEPT_ACTIONS + 1].first()
    if oldest:
        Action.objects.filter(user=user, pk__lte=oldest).delete()
    grow(user)
    return action


def reader_of(user) -> Reader:
    """How far the account is; its inbox begins a fortnight before it first asks."""
    return Reader.objects.get_or_create(user=user, defaults={
        "inbox_from": timezone.now() - timedelta(days=14)})[0]


def grow(user) -> None:
    """What the account keeps has changed."""
    reader_of(user)
    Reader.objects.filter(user=user).update(revision=F("revision") + 1)


def undo(*, user, pk: int | None = None) -> Action:
    """Take back this action of the account, or the newest that stands. Raises NothingToUndo."""
    with transaction.atomic():
        standing = Action.objects.select_for_update().filter(user=user, undone_at=None)
        action = (standing.filter(pk=pk) if pk else standing.order_by("-pk")).first()
        if action is None:
            raise NothingToUndo("This was taken back already." if pk else "There is nothing to undo.")
        for step in reversed(action.undo):
            _take_back(user, step)
        action.undone_at = timezone.now()
        action.save(update_fields=["undone_at"])
        grow(user)
    return action


def fields_of(owner: models.Model) -> dict[str, Any]:
    """A tag or list as a step keeps it."""
    return serializers.serialize("python", [owner])[0]["fields"] | {"pk": owner.pk} | {
        name: moment.isoformat() for name in ("created_at", "changed_at", "shared_until")
        if (moment := getattr(owner, name, None))}


def _take_back(user, step: dict[str, Any]) -> None:
    marks = Mark.objects.filter(user=user)
    if "set" in step:
        marks.filter(**{step["set"]: datetime.fromisoformat(step["at"])}).update(**{step["set"]: None})
    elif "back" in step:
        by_moment: dict[str, list[int]] = {}
        for paper, moment in step["was"].items():
            by_moment.setdefault(moment, []).append(int(paper))
        for moment, papers in by_moment.items():
            ensure_marks(user, papers)
            for some in lots(papers):
                marks.filter(paper__in=some).update(**{step["back"]: datetime.fromisoformat(moment)})
    elif "notes" in step:
        for paper, (text, moment) in step["notes"].items():
            ensure_marks(user, [int(paper)])
            marks.filter(paper=paper).update(note=text, noted_at=moment and datetime.fromisoformat(moment))
    elif "inbox_from" in step:
        Reader.objects.filter(user=user).update(inbox_from=datetime.fromisoformat(step["inbox_from"]))
    else:
        _take_back_owned(user, step)


def _take_back_owned(user, step: dict[str, Any]) -> None:
    """Of a tag or list: itself, or what hangs on it."""
    model, entries, name = OWNERS[step["of"]]
    if "made" in step:
        owners = model._base_manager.filter(pk=step["made"], user=user)
        if not entries._base_manager.filter(**{f"{name}__in": owners}).exists():
            owners.delete()
        return
    fields = step.get("was") or step["owner"]
    owner = _there_again(model, user, fields, renewed="was" in step)
    if owner is None or "was" in step:
        return
    entries._base_manager.filter(**{name: owner.pk}, paper__in=step["off"]).delete()
    here = set(existing(paper for paper, _ in step["on"]))
    place = {"position": 0} if step["of"] == "list" else {}
    entries._base_manager.bulk_create([
        entries(**{f"{name}_id": owner.pk}, paper_id=paper, **({"position": position} if place else {}))
        for paper, position in step["on"] if paper in here], ignore_conflicts=True)


def _there_again(model: type[models.Model], user, fields: dict[str, Any], *, renewed: bool) -> models.Model | None:
    """The tag or list with these fields, made again where it is gone; None where another has its name by now."""
    owner = model._base_manager.filter(pk=fields["pk"], user=user).first()
    if owner is not None and not renewed:
        return owner
    values = {name: cast(models.Field, model._meta.get_field(name)).to_python(value) for name, value in fields.items()
              if name not in ("pk", "user")}
    try:
        with transaction.atomic():
            model._base_manager.update_or_create(pk=fields["pk"], defaults=values, create_defaults=values | {
                "user": user})
    except IntegrityError:
        return model._base_manager.filter(user=user, name=fields["name"]).first()
    return model._base_manager.get(pk=fields["pk"])


def existing(papers: Iterable[int]) -> list[int]:
    """Those of the papers that are here, in their order, each once."""
    papers = list(dict.fromkeys(papers))
    here: set[int] = set()
    for some in lots(papers):
        here.update(Paper.objects.filter(pk__in=some).values_list("pk", flat=True))
    return [pk for pk in papers if pk in here]


def ensure_marks(user, papers: Iterable[int]) -> None:
    """A mark of the account for each of the papers that are here."""
    for some in lots(existing(papers)):
        known = set(Mark.objects.filter(user=user, paper__in=some).values_list("paper", flat=True))
        Mark.objects.bulk_create([Mark(user=user, paper_id=pk) for pk in some if pk not in known],
                                 ignore_conflicts=True)


def lots(papers: list[int], size: int = 500) -> list[list[int]]:
    """As many at a time as one statement takes."""
    return [papers[start:start + size] for start in range(0, len(papers), size)]
