"""Pages about papers that may be one."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from papers.identity.merging import MergeError, merge_papers, unmerge
from papers.identity.questions import ask_again, keep_apart, open_questions
from papers.models import Merge, PossibleDuplicate
from papers.parameters import id_from
from papers.web import may

PER_PAGE = 20
RECENT = 10  # decisions that the page offers to undo


@require_safe
def duplicate_list(request):
    """Pairs to decide, side by side, and the latest decisions, each with its undo."""
    return render(request, "papers/identity/duplicate_list.html", {
        "page": Paginator(open_questions(), PER_PAGE).get_page(request.GET.get("page")),
        "merges": Merge.objects.filter(undone_at=None).select_related("by")[:RECENT],
        "apart": PossibleDuplicate.objects.filter(state=PossibleDuplicate.DIFFERENT).select_related(
            "first", "second", "decided_by").order_by("-decided_at")[:RECENT],
        "may_decide": request.user.has_perm("papers.change_paper")})


@may("papers.change_paper")
@require_POST
def duplicate_decide(request, pk):
    """One paper, two papers, or undecided again."""
    pair = PossibleDuplicate.objects.filter(pk=pk).first()
    word = request.POST.get("word")
    if pair is None:
        messages.info(request, "This pair was decided meanwhile.")
    elif word == "same":
        _merge(request, pair.first_id, pair.second_id)
    elif word == "different":
        keep_apart(pk=pk, by=request.user)
        messages.success(request, "Two papers, and they stay two. It can be undone below.")
    elif word == "undo":
        ask_again(pk=pk, by=request.user)
        messages.success(request, "The pair is to be decided again.")
    else:
        return HttpResponse("word is same, different or undo", status=400)
    return redirect("duplicate_list")


@may("papers.change_paper")
@require_POST
def paper_merge(request):
    """Make one paper of two that are named by their numbers, whether or not anything proposed it."""
    one, other = (id_from(request.POST.get(name, "").strip().rstrip("/").rpartition("/")[2])
                  for name in ("paper", "other"))
    if one is None or other is None:
        messages.error(request, "Name the other paper by its number or its address here.")
        return redirect("paper_detail", one) if one else redirect("duplicate_list")
    kept = _merge(request, one, other)
    return redirect("paper_detail", kept or one)


def _merge(request, one: int, other: int) -> int | None:
    try:
        merge = merge_papers(one=one, other=other, by=request.user)
    except MergeError as error:
        messages.error(request, str(error))
        return None
    messages.success(request, f"One paper now: “{merge.title}” is part of paper {merge.kept}. It can be undone below.")
    return merge.kept


@may("papers.change_paper")
@require_POST
def paper_unmerge(request, pk):
    """Take a merge apart."""
    merge = get_object_or_404(Merge, pk=pk)
    try:
        paper = unmerge(pk=pk, by=request.user)
    except MergeError as error:
        messages.error(request, str(error))
        return redirect("duplicate_list")
    messages.success(request, f"Two papers again: “{paper.title}” has its own page back.")
    return redirect("paper_detail", merge.dropped)
