"""The verdicts that changed as a feed, all or of one arena."""

from __future__ import annotations

from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import Lag
from django.http import Http404
from django.urls import reverse
from django.views.decorators.http import require_safe

from evaluations.claims.verdicts import ClaimStanding, with_parents
from evaluations.claims.wording import sentence
from evaluations.ledger.ledger import SCOPE
from evaluations.models import Verdict
from evaluations.runs.stamps import kept, results_stamp
from evaluations.tables.summaries import evidence_in_words
from methods.models import Arena
from papers.feeds import ATOM, ENTRIES, Entry, Feed, feed_response


def changed_verdicts(*, arena: Arena | None = None, scale: str = "full") -> QuerySet[Verdict]:
    """Verdicts that differ from the one before, newest first; `before` is that one. A claim's first verdict is
    among them where it decides.
    """
    rows = Verdict.objects.filter(scale=scale, claim__method__present=True).annotate(before=Window(
        Lag("status"), partition_by=[F("claim")], order_by=[F("decided_at").asc(), F("pk").asc()]))
    if arena is not None:
        rows = rows.filter(claim__method__arena=arena)
    news = Q(before=None) & ~Q(status=Verdict.INCONCLUSIVE) | Q(before__isnull=False) & ~Q(before=F("status"))
    return rows.filter(news).select_related("claim__method__arena").order_by(
        "-decided_at", "-pk")


def newest_changes(arena: Arena | None) -> list[Verdict]:
    """The last ENTRIES of them, looked for when verdicts have changed: that takes every verdict there is."""
    slug = arena.pk if arena else ""
    before: dict[int, str] = kept(f"changed-verdicts-{slug}", results_stamp(slug), lambda: {
        verdict.pk: getattr(verdict, "before", "") for verdict in changed_verdicts(arena=arena)[:ENTRIES]})
    verdicts = Verdict.objects.select_related("claim").in_bulk(before)
    for pk, status in before.items():
        verdicts[pk].before = status  # type: ignore[attr-defined]  # for this feed alone
    with_parents(verdict.claim for verdict in verdicts.values())
    return [verdicts[pk] for pk in before]


@require_safe
def verdict_feed(request, format=ATOM):
    """The newest changes, of one arena where the address names it."""
    slug = request.GET.get("arena", "")
    arena = Arena.objects.filter(pk=slug).first() if slug else None
    if slug and arena is None:
        raise Http404(f"there is no arena {slug}")
    return feed_response(request, Feed(
        f"Assay: verdicts that changed{f' in {arena.title}' if arena else ''}",
        f"What became of papers' claims, {SCOPE}.", reverse("claim_list") + (f"?arena={arena.pk}" if arena else ""),
        [_entry(verdict) for verdict in newest_changes(arena)]), format)


def _entry(verdict) -> Entry:
    claim = verdict.claim
    turn = f"{verdict.status}, before {verdict.before}" if verdict.before else verdict.status
    words = evidence_in_words(ClaimStanding(claim, verdict))
    return Entry(f"{turn.capitalize()}: {sentence(ClaimStanding(claim, verdict))}",
                 reverse("claim_detail", args=[claim.pk]), verdict.decided_at,
                 f"{words[:1].upper()}{words[1:]} {SCOPE[:1].upper()}{SCOPE[1:]}.", key=f"verdict-{verdict.pk}",
                 categories=(claim.method.arena_id, verdict.status))
