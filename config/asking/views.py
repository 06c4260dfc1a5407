"""The page of requests for runs."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.http import require_POST

from config.asking import selectors, services
from config.asking.models import Ask
from papers.web import may

PER_PAGE = 20


@may("")
def ask_list(request):
    """One's own requests; for runners everybody's, with what each would take."""
    state = request.GET.get("state", "")
    state = state if state in Ask.STATES else ""
    page = Paginator(selectors.asks(request.user, state=state), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "asking/ask_list.html", {
        "page": page, "asked": [selectors.asked(ask) for ask in page], "states": Ask.STATES, "state": state,
        "query": urlencode({"state": state}) if state else "",
        "may_answer": request.user.has_perm("evaluations.add_run")})


@may("")
@require_POST
def ask_new(request):
    """Ask for what the form names, and go back to where it stood."""
    post = request.POST
    try:
        services.ask(by=request.user, target=post.get("target", ""), setting=post.get("setting") or "default",
                     scale=post.get("scale") or "full", seeds=post.get("seeds") or "10",
                     queue=post.get("queue") or "cpu", reason=post.get("reason", ""))
        messages.success(request, "You have asked for it. You are told when it is answered and when it is measured.")
    except (services.AskError, LookupError) as error:
        messages.error(request, f"That cannot be asked for: {error}.")
    came_from = request.META.get("HTTP_REFERER", "")
    return redirect(came_from if url_has_allowed_host_and_scheme(came_from, {request.get_host()}) else "ask_list")


@may("evaluations.add_run")
@require_POST
def ask_answer(request, pk):
    """Grant or decline it with a word."""
    word = request.POST.get("word", "")
    try:
        if request.POST.get("answer") == "grant":
            messages.success(request, f"Granted: {services.grant(pk=pk, by=request.user, word=word)}.")
        else:
            services.decline(pk=pk, by=request.user, word=word)
            messages.success(request, "Declined.")
    except services.AskError as error:
        messages.error(request, f"Nothing is changed: {error}")
    return redirect("ask_list")


@may("")
@require_POST
def ask_withdraw(request, pk):
    try:
        services.withdraw(pk=pk, by=request.user)
    except services.AskError as error:
        messages.error(request, f"Nothing is changed: {error}.")
    return redirect("ask_list")
