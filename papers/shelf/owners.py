"""Tags and lists themselves: renaming, colours, order, sharing, deleting. Each is one action that can be undone."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from papers.shelf.models import COLOURS, Action, PaperList, Tag
from papers.shelf.services import ShelfError, list_name, tag_name
from papers.shelf.undoing import OWNERS, fields_of, record

LONGEST_SHARE = 3650  # days


def make_list(*, user, name: str, about: str = "") -> PaperList:
    """An empty list. Raises ShelfError where there is one of this name."""
    name = list_name(name)
    with transaction.atomic():
        _check_free(PaperList, user, name)
        made = PaperList.objects.create(user=user, name=name, about=about[:5000])
        record(user=user, words=f"made the list “{name}”", undo=[{"of": "list", "made": made.pk}], at=timezone.now())
    return made


def edit_list(*, user, pk: int, name: str, about: str) -> Action:
    """Raises PaperList.DoesNotExist and ShelfError."""
    return _change(PaperList, user, pk, "changed the list", name=list_name(name), about=about.strip()[:5000])


def edit_tag(*, user, pk: int, name: str, colour: str) -> Action:
    """Rename a tag, and the tags that lie in it, and colour it. Raises Tag.DoesNotExist and ShelfError."""
    if colour not in COLOURS:
        raise ShelfError(f"A tag's colour is {', '.join(COLOURS)}.")
    name = tag_name(name)
    with transaction.atomic():
        tag = Tag.objects.select_for_update().get(pk=pk, user=user)
        undo: list[dict[str, Any]] = [{"of": "tag", "was": fields_of(tag)}]
        if name != tag.name:
            _check_free(Tag, user, name)
            for inner in Tag.objects.filter(user=user, name__startswith=f"{tag.name}/"):
                moved = tag_name(name + inner.name[len(tag.name):])
                if moved != inner.name:
                    _check_free(Tag, user, moved)
                    undo.append({"of": "tag", "was": fields_of(inner)})
                    Tag.objects.filter(pk=inner.pk).update(name=moved)
        Tag.objects.filter(pk=pk).update(name=name, colour=colour)
        return record(user=user, words=f"changed the tag {name}", undo=undo, at=timezone.now())


def delete_owner(*, user, kind: str, pk: int) -> Action:
    """Delete a tag or list with all that hangs on it; the papers stay. Raises DoesNotExist."""
    model, entries, name = OWNERS[kind]
    with transaction.atomic():
        owner = model._base_manager.select_for_update().get(pk=pk, user=user)
        hanging = entries._base_manager.filter(**{name: owner})
        if kind == "list":
            places = [list(pair) for pair in hanging.values_list("paper", "position")]
        else:
            places = [[paper, 0] for paper in hanging.values_list("paper", flat=True)]
        step = {"of": kind, "owner": fields_of(owner), "off": [], "on": places}
        owner.delete()
        return record(user=user, words=f"deleted the {kind} “{owner}”", undo=[step], at=timezone.now())


def move_entry(*, user, pk: int, paper: int, to: int) -> Action | None:
    """Put a paper at place `to` (from 1) of the list. Raises PaperList.DoesNotExist, and ShelfError where it is not
    on it."""
    with transaction.atomic():
        chosen = PaperList.objects.select_for_update().get(pk=pk, user=user)
        entries = list(chosen.entries.all())
        moved = next((entry for entry in entries if entry.paper_id == paper), None)
        if moved is None:
            raise ShelfError("This paper is not on the list.")
        before = [[entry.paper_id, entry.position] for entry in entries]
        order = [entry for entry in entries if entry is not moved]
        order.insert(min(max(to, 1), len(entries)) - 1, moved)
        if order == entries:
            return None
        for place, entry in enumerate(order, start=1):
            entry.position = place
        chosen.entries.bulk_update(order, ["position"], batch_size=500)
        chosen.save(update_fields=["changed_at"])
        papers = [paper for paper, _ in before]
        return record(user=user, words=f"moved a paper in the list “{chosen}”", at=timezone.now(),
                      undo=[{"of": "list", "owner": fields_of(chosen), "off": papers, "on": before}])


def share_list(*, user, pk: int, days: int | None) -> PaperList:
    """Give the list a new link that works for so many days, or for good. Raises PaperList.DoesNotExist, ShelfError."""
    if days is not None and not 1 <= days <= LONGEST_SHARE:
        raise ShelfError(f"A link works for 1 to {LONGEST_SHARE:,} days, or for good.")
    until = None if days is None else timezone.now() + timedelta(days=days)
    _change(PaperList, user, pk, "shared the list", share_key=secrets.token_urlsafe(32), shared_until=until)
    return PaperList.objects.get(pk=pk)


def unshare_list(*, user, pk: int) -> Action:
    """The link no longer works; undoing that makes it work again. Raises PaperList.DoesNotExist."""
    return _change(PaperList, user, pk, "stopped sharing the list", share_key=None, shared_until=None)


def _change(model: type[models.Model], user, pk: int, words: str, **fields: Any) -> Action:
    with transaction.atomic():
        owner: Any = model._base_manager.select_for_update().get(pk=pk, user=user)
        if "name" in fields and fields["name"] != owner.name:
            _check_free(model, user, fields["name"])
        undo = [{"of": "list", "was": fields_of(owner)}]
        model._base_manager.filter(pk=pk).update(**fields)
        return record(user=user, words=f"{words} “{fields.get('name', owner.name)}”", undo=undo, at=timezone.now())


def _check_free(model: type[models.Model], user, name: str) -> None:
    if model._base_manager.filter(user=user, name=name).exists():
        raise ShelfError(f"You have one named “{name}” already.")
