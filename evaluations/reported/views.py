"""Deciding about reported claims: accept, correct, reject, undo; each answers with the paper's block."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from evaluations.models import ReportedClaim
from evaluations.reported import services
from evaluations.reported.selectors import paper_block
from papers.web import may, wants_fragment

DECISIONS = {"accept": services.accept_claim, "reject": services.reject_claim,
             "undo": services.undo_claim, "correct": services.correct_claim}


@may("evaluations.change_claim")
@require_POST
def decide(request, pk, action):
    """One decision about one claim; what cannot be stored is said and changes nothing."""
    if action not in DECISIONS:
        raise Http404(f"there is no decision {action}")
    claim = get_object_or_404(ReportedClaim.objects.select_related("paper"), pk=pk)
    fields = {name: request.POST[name] for name in ReportedClaim.FIELDS if name in request.POST} \
        if action == "correct" else {}
    error = ""
    try:
        DECISIONS[action](pk=pk, by=request.user, **fields)
    except ValueError as problem:
        error = f"Nothing was changed: {problem}."
    if wants_fragment(request):
        return render(request, "evaluations/reported/_reported_claims.html",
                      paper_block(claim.paper) | {"may_decide": True, "error": error})
    if error:
        messages.error(request, error)
    return redirect(reverse("paper_detail", args=[claim.paper_id]) + "#reported")
