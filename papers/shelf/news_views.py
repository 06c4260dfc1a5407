"""Pages of what is new: inbox, days, weeks and months, what moves people here, and what is for one account."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from papers.extensions import asker_of
from papers.parameters import id_from, on_the_calendar
from papers.shelf import for_me as ranking
from papers.shelf import inbox as arriving
from papers.shelf import periods
from papers.shelf.trending import FOR_VISITORS, FORMULA, SPANS, trend_rows
from papers.shelf.trending import trending as trends_of
from papers.web import may, page_or_fragment

TREND_ROWS = 30


@may("")
@require_safe
@never_cache
def inbox(request):
    """What arrived and was not read yet, the newest digest first."""
    reader, now = arriving.visit(request.user), timezone.now()
    after = _place(request.GET.get("after", ""))
    page = arriving.arrivals(since=reader.inbox_from, asker=request.user, unread=True, after=after)
    return render(request, "papers/shelf/inbox.html", {
        "page": page, "papers": [arrived.row for arrived in page.rows], "reader": reader, "now": now, "after": after,
        "line": _line(page, reader)})


def _line(page: arriving.Arrivals, reader) -> int | None:
    """The row above which the last visit lies: what follows was there then."""
    if reader.last_visit is None:
        return None
    newer = [arrived.digest.imported_at > reader.last_visit for arrived in page.rows]
    return newer.index(False) if True in newer and False in newer else None


@may("")
@require_POST
def inbox_read(request):
    """Mark all as read that the page could show."""
    try:
        until = on_the_calendar(parse_datetime(request.POST.get("until", "")))  # type: ignore[arg-type]  # None raises
    except (ValueError, AttributeError):
        return HttpResponse("Say until when: a moment in ISO 8601.", status=400, content_type="text/plain")
    until = until if timezone.is_aware(until) else timezone.make_aware(until)
    action = arriving.mark_all_read(user=request.user, until=min(until, timezone.now()))
    messages.success(request, f"{action.words[:1].upper()}{action.words[1:]}. Press u, or Undo on your shelf, "
                              "to take that back.", extra_tags="undo")
    return redirect("inbox")


@require_safe
def paper_period(request, kind, name):
    """What a day, week or month brought, and what was measured and decided then."""
    shown = periods.period(kind, name)
    if shown is None:
        raise Http404("There is no such day, week or month.")
    page = arriving.arrivals(since=shown.start, until=shown.until, asker=asker_of(request),
                             after=_place(request.GET.get("after", "")))
    before, following = periods.neighbours(shown)
    return render(request, "papers/shelf/period.html", {
        "period": shown, "page": page, "papers": [arrived.row for arrived in page.rows], "before": before,
        "following": following, "happened": periods.happened_in(shown),
        "wider": [periods.around(other, shown.first) for other in periods.KINDS if other != kind]})


@require_safe
def today(request, kind):
    """To the present day, week or month."""
    shown = periods.around(kind, timezone.localdate())
    assert shown is not None  # a clock beyond the calendar
    return redirect(shown.address)


@require_safe
def trending(request):
    days = id_from(request.GET.get("days", "")) or 14
    days = days if days in SPANS else 14
    asker = asker_of(request)
    rows = trend_rows(trends_of(days, asker)[:TREND_ROWS])
    return render(request, "papers/shelf/trending.html", {
        "rows": rows, "papers": [row.row for row in rows], "days": days, "spans": SPANS,
        "formula": FORMULA if asker else FOR_VISITORS})


@may("")
@require_safe
@never_cache
def for_me(request):
    """Papers by what the account likes and how new they are; the address says how much of each."""
    recency = request.GET.get("recency", "")
    share = min(int(recency), 100) if recency.isdecimal() and recency.isascii() and len(recency) < 4 else 20
    page = min(id_from(request.GET.get("page", "")) or 1, 20)
    found = ranking.for_me(request.user, recency=share, page=page)
    return render(request, "papers/shelf/for_me.html", {
        "found": found, "papers": [pick.row for pick in found.picks], "recency": share, "number": page,
        "further": page * ranking.PER_PAGE < found.total})


@may("")
@require_safe
@never_cache
def for_me_quality(request):
    """How well the ranking tells the account's own stars from other papers."""
    return page_or_fragment(request, "papers/shelf/quality.html", "papers/shelf/_quality.html", {
        "quality": ranking.quality(request.user)})


@require_safe
def keys(request):
    return render(request, "papers/shelf/keys.html")


def _place(text: str) -> arriving.Place | None:
    """“12-34”: a digest's number and a position in it."""
    digest, _, position = text.partition("-")
    first, second = id_from(digest), id_from(position)
    return (first, second) if first and second else None
