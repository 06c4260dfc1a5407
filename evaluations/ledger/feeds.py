"""The verdicts that changed, as an Atom feed, all or of one arena."""

from __future__ import annotations

from django.contrib.syndication.views import Feed
from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import Lag
from django.http import Http404
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed

from evaluations.claims.verdicts import LONG, ClaimStanding
from evaluations.ledger.ledger import SCOPE
from evaluations.models import Verdict
from evaluations.runs.stamps import kept, results_stamp
from evaluations.tables.summaries import evidence_in_words
from methods.models import Arena

ENTRIES = 50


def changed_verdicts(*, arena: Arena | None = None, scale: str = "full") -> QuerySet[Verdict]:
    """Verdicts that differ from the one before, the first of a claim too, newest first; `before` is that one."""
    rows = Verdict.objects.filter(scale=scale, claim__method__present=True).annotate(before=Window(
        Lag("status"), partition_by=[F("claim")], order_by=[F("decided_at").asc(), F("pk").asc()]))
    if arena is not None:
        rows = rows.filter(claim__method__arena=arena)
    return rows.filter(Q(before=None) | ~Q(before=F("status"))).select_related("claim__method__arena").order_by(
        "-decided_at", "-pk")


def newest_changes(arena: Arena | None) -> list[Verdict]:
    """The last ENTRIES of them, looked for when verdicts have changed: that takes every verdict there is."""
    slug = arena.pk if arena else ""
    before: dict[int, str] = kept(f"changed-verdicts-{slug}", results_stamp(slug), lambda: {
        verdict.pk: getattr(verdict, "before", "") for verdict in changed_verdicts(arena=arena)[:ENTRIES]})
    verdicts = Verdict.objects.select_related("claim__method__arena").defer(
        *(f"claim__method__{name}" for name in LONG), "claim__method__arena__source_code").in_bulk(before)
    for pk, status in before.items():
        verdicts[pk].before = status  # type: ignore[attr-defined]  # for this feed alone
    return [verdicts[pk] for pk in before]


class VerdictFeed(Feed):
    feed_type = Atom1Feed

    def get_object(self, request):
        slug = request.GET.get("arena", "")
        arena = Arena.objects.filter(pk=slug).first() if slug else None
        if slug and arena is None:
            raise Http404(f"there is no arena {slug}")
        return arena

    def title(self, arena):
        return f"Assay: verdicts that changed{f' in {arena.title}' if arena else ''}"

    def subtitle(self, arena):
        return f"What became of papers' claims, {SCOPE}."

    def link(self, arena):
        return reverse("claim_list") + _of(arena)

    def feed_url(self, arena):
        return reverse("claim_feed") + _of(arena)

    def items(self, arena):
        return newest_changes(arena)

    def item_title(self, verdict):
        turn = f"{verdict.status}, before {verdict.before}" if verdict.before else verdict.status
        return f"{turn}: {verdict.claim.method.title}, {verdict.claim.sentence} ({verdict.claim.setting})"

    def item_description(self, verdict):
        words = evidence_in_words(ClaimStanding(verdict.claim, verdict))
        return f"{words[:1].upper()}{words[1:]} The scale of it: {SCOPE}."

    def item_link(self, verdict):
        return reverse("claim_detail", args=[verdict.claim_id]) + f"#verdict-{verdict.pk}"

    def item_categories(self, verdict):
        return [verdict.claim.method.arena_id, verdict.status]

    def item_pubdate(self, verdict):
        return verdict.decided_at

    def item_updateddate(self, verdict):
        return verdict.decided_at


def _of(arena: Arena | None) -> str:
    return f"?arena={arena.pk}" if arena else ""
