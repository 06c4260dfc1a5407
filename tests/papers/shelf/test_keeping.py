"""What an account does with papers, taking it back, and that nobody else sees it."""

from __future__ import annotations

import pytest

from papers.identity.merging import merge_papers, unmerge
from papers.models import Digest, Paper
from papers.selectors import paper_list
from papers.services import remove_digest
from papers.shelf import owners, undoing
from papers.shelf.fields import papers_of
from papers.shelf.models import Action, ListEntry, Mark, PaperList, Tag
from papers.shelf.selectors import kept_by, papers_on, shared_list, tag_tree
from papers.shelf.services import ShelfError, list_papers, set_state, tag_papers, write_note
from papers.shelf.undoing import NothingToUndo, undo


def state(user, pk):
    kept = kept_by(user, [pk])[pk]
    return kept.starred, kept.read, kept.hidden


def test_star_read_hide_and_back(papers, ada, bob):
    one, two, *_ = papers.values()
    action = set_state(user=ada, papers=[one, two, one, 10**9], state="star", on=True)
    assert action.words == "starred 2 papers" and state(ada, one) == (True, False, False)
    assert state(bob, one) == (False, False, False)
    assert set_state(user=ada, papers=[one], state="star", on=True) is None
    set_state(user=ada, papers=[one], state="read", on=True)
    set_state(user=ada, papers=[one], state="star", on=False)
    assert state(ada, one) == (False, True, False)
    assert [undo(user=ada).words for _ in range(3)] == ["took the star off 1 paper", "marked as read 1 paper",
                                                        "starred 2 papers"]
    assert state(ada, one) == state(ada, two) == (False, False, False)
    with pytest.raises(NothingToUndo):
        undo(user=ada)


def test_undo_of_a_bulk_spares_what_was_so_before(papers, ada):
    one, two, three, *_ = papers.values()
    set_state(user=ada, papers=[one], state="read", on=True)
    since = Mark.objects.get(user=ada, paper=one).read_at
    set_state(user=ada, papers=[one, two, three], state="read", on=True)
    undo(user=ada)
    assert state(ada, one)[1] and not state(ada, two)[1]
    set_state(user=ada, papers=[one, two], state="read", on=False)
    undo(user=ada)
    assert Mark.objects.get(user=ada, paper=one).read_at == since


def test_one_account_cannot_undo_anothers(papers, ada, bob):
    action = set_state(user=ada, papers=papers.values(), state="hide", on=True)
    with pytest.raises(NothingToUndo):
        undo(user=bob, pk=action.pk)
    undo(user=ada, pk=action.pk)
    with pytest.raises(NothingToUndo):
        undo(user=ada, pk=action.pk)


def test_old_actions_are_forgotten(papers, ada, monkeypatch):
    monkeypatch.setattr(undoing, "KEPT_ACTIONS", 4)
    one = next(iter(papers.values()))
    for turn in range(7):
        set_state(user=ada, papers=[one], state="star", on=turn % 2 == 0)
    assert Action.objects.filter(user=ada).count() == 4


def test_tags_nest_are_renamed_together_and_come_back(papers, ada):
    one, two, *_ = papers.values()
    tag_papers(user=ada, papers=[one], name=" PEFT / Adapters ")
    tag_papers(user=ada, papers=[two], name="peft")
    assert [(tag.name, tag.depth, tag.papers) for tag in tag_tree(ada)] == [("peft", 0, 1), ("peft/adapters", 1, 1)]
    assert set(papers_of(ada, tag="peft").values_list("pk", flat=True)) == {one, two}
    assert set(papers_of(ada, tag="peft/adapters").values_list("pk", flat=True)) == {one}
    peft = Tag.objects.get(name="peft")
    owners.edit_tag(user=ada, pk=peft.pk, name="efficient", colour="red")
    assert [tag.name for tag in tag_tree(ada)] == ["efficient", "efficient/adapters"]
    undo(user=ada)
    assert {tag.name: tag.colour for tag in tag_tree(ada)} == {"peft": "teal", "peft/adapters": "teal"}
    owners.delete_owner(user=ada, kind="tag", pk=peft.pk)
    assert not papers_of(ada, tag="peft").filter(pk=two).exists()
    undo(user=ada)
    assert papers_of(ada, tag="peft").filter(pk=two).exists()
    undo(user=ada)
    assert [tag.name for tag in tag_tree(ada)] == ["peft", "peft/adapters"]
    assert [tag.papers for tag in tag_tree(ada)] == [0, 1], "the tag that only held another one is still its place"
    with pytest.raises(ShelfError, match="colour"):
        owners.edit_tag(user=ada, pk=Tag.objects.first().pk, name="x", colour="url(x)")


@pytest.mark.parametrize("name", ["", " / ", "a" * 101, "a*b", "nul\0"])
def test_a_tag_needs_a_name(papers, ada, name):
    with pytest.raises(ShelfError, match="tag"):
        tag_papers(user=ada, papers=papers.values(), name=name)
    assert not Tag.objects.exists()


def test_a_list_has_an_order_that_can_be_changed_and_undone(papers, ada):
    one, two, three, *_ = papers.values()
    list_papers(user=ada, papers=[two, one], name="To read")
    list_papers(user=ada, papers=[three], name="To read")
    chosen = PaperList.objects.get()

    def order():
        return [paper.pk for paper in papers_on(chosen)]

    assert order() == [two, one, three]
    owners.move_entry(user=ada, pk=chosen.pk, paper=three, to=1)
    assert order() == [three, two, one]
    undo(user=ada)
    assert order() == [two, one, three]
    list_papers(user=ada, papers=[one], name="To read", on=False)
    assert order() == [two, three]
    undo(user=ada)
    assert order() == [two, one, three]
    owners.delete_owner(user=ada, kind="list", pk=chosen.pk)
    assert not ListEntry.objects.exists()
    undo(user=ada)
    assert order() == [two, one, three]
    undo(user=ada), undo(user=ada)
    assert not PaperList.objects.exists(), "the list was made by what is undone now"


def test_a_shared_list_ends_with_its_link(papers, ada, bob, settings):
    list_papers(user=ada, papers=papers.values(), name="Shown")
    pk = PaperList.objects.get().pk
    key = owners.share_list(user=ada, pk=pk, days=7).share_key
    assert shared_list(key).pk == pk and shared_list("") is None
    PaperList.objects.filter(pk=pk).update(shared_until="2020-01-01T00:00Z")
    assert shared_list(key) is None
    other = owners.share_list(user=ada, pk=pk, days=None).share_key
    assert shared_list(key) is None and shared_list(other)
    owners.unshare_list(user=ada, pk=pk)
    assert shared_list(other) is None
    undo(user=ada)
    assert shared_list(other)
    with pytest.raises(PaperList.DoesNotExist):
        owners.share_list(user=bob, pk=pk, days=7)
    with pytest.raises(ShelfError, match="days"):
        owners.share_list(user=ada, pk=pk, days=0)


def test_notes_are_found_by_their_words_and_undone(papers, ada, bob):
    one = next(iter(papers.values()))
    write_note(user=ada, paper=one, text="See **eq. 3**, cf. Hu")
    write_note(user=ada, paper=one, text="Second thoughts")
    assert list(papers_of(ada, note="thoughts second").values_list("pk", flat=True)) == [one]
    assert not papers_of(bob, note="second").exists() and not papers_of(ada, note="eq").exists()
    undo(user=ada)
    assert kept_by(ada, [one])[one].note == "See **eq. 3**, cf. Hu"
    write_note(user=ada, paper=one, text="  ")
    assert not papers_of(ada, **{"is": "noted"}).exists()
    with pytest.raises(ShelfError, match="20,000"):
        write_note(user=ada, paper=one, text="x" * 20_001)


def test_hidden_papers_leave_lists_until_asked_for(papers, ada, bob):
    one = papers["Forests in Rows"]
    set_state(user=ada, papers=[one], state="hide", on=True)
    assert not paper_list(asker=ada).filter(pk=one).exists() and paper_list(asker=bob).filter(pk=one).exists()
    assert paper_list().filter(pk=one).exists()
    assert [paper.pk for paper in paper_list(asker=ada, **{"is": "hidden"})] == [one]
    assert paper_list(asker=ada, **{"is": "all"}).count() == len(papers)
    assert paper_list(asker=ada, q="is:hidden").count() == 1


def test_what_is_kept_follows_a_paper_into_another_and_back(papers, ada, bob):
    kept, dropped = sorted((papers["Counting Rivers"], papers["Bridges of Paper"]))
    set_state(user=ada, papers=[dropped], state="star", on=True)
    set_state(user=ada, papers=[kept], state="read", on=True)
    set_state(user=bob, papers=[dropped], state="hide", on=True)
    write_note(user=ada, paper=dropped, text="of the second")
    tag_papers(user=ada, papers=[kept, dropped], name="both")
    list_papers(user=ada, papers=[dropped], name="one")
    merge = merge_papers(one=kept, other=dropped, by=ada)
    mine = kept_by(ada, [kept])[kept]
    assert (mine.starred, mine.read, mine.note, len(mine.tags), len(mine.lists)) == (True, True, "of the second", 1, 1)
    assert state(bob, kept) == (False, False, True)
    unmerge(pk=merge.pk, by=ada)
    again = kept_by(ada, [dropped])[dropped]
    assert again.starred and again.note == "of the second" and again.tags and again.lists
    assert state(bob, dropped) == (False, False, True)


def test_a_paper_that_somebody_keeps_outlives_its_digest(papers, ada):
    set_state(user=ada, papers=[papers["Bridges of Paper"]], state="star", on=True)
    set_state(user=ada, papers=[papers["Counting Rivers"]], state="read", on=True)
    remove_digest(digest=Digest.objects.get(name="second.jsonl"))
    titles = set(Paper.objects.values_list("title", flat=True))
    assert "Bridges of Paper" in titles and "Counting Rivers" not in titles
