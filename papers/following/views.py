"""Pages of saved views, follows, channels and notifications, and the links of mails."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from papers.feeds import Feed, feed_response
from papers.following import selectors, services
from papers.following.links import CONFIRM, STOP, read_mail_token, token_of, view_by_token
from papers.following.models import Channel, Follow, SavedView
from papers.following.services import NotDone
from papers.parameters import id_from
from papers.web import may, wants_fragment

PER_PAGE = 50
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@may("")
@require_safe
def following(request):
    return render(request, "papers/following/following.html", _everything(request))


def _everything(request, **more):
    page = Paginator(selectors.follows_of(request.user), PER_PAGE).get_page(request.GET.get("page"))
    return {"page": page, "kept": selectors.shown_follows(page), "query": "",
            "channels": selectors.channel_list(request.user),
            "views": [(view, token_of(view)) for view in selectors.view_list(request.user)],
            "removed": SavedView.objects.filter(owner=request.user).exclude(removed_at=None)[:20],
            "mail_configured": settings.MAIL_CONFIGURED, "kinds": Channel.KINDS.items(), "days": list(enumerate(DAYS)),
            "hours": range(24)} | more


def _back(request, fallback: str = "following"):
    target = request.POST.get("next", "")
    return redirect(target if url_has_allowed_host_and_scheme(target, {request.get_host()}) else fallback)


@may("")
@require_POST
def follow_toggle(request):
    """Follow it, or stop; htmx gets the button as it is now."""
    kind, key = request.POST.get("kind", ""), request.POST.get("key", "").replace("\0", "")
    try:
        if request.POST.get("wanted") == "no":
            services.unfollow(owner=request.user, kind=kind, key=key)
        else:
            services.follow(owner=request.user, kind=kind, key=key)
    except NotDone as error:
        messages.error(request, str(error))
        return _back(request)
    if wants_fragment(request):
        return render(request, "papers/following/_follow_button.html", {
            "kind": kind, "key": key, "followed": request.POST.get("wanted") != "no",
            "here": request.POST.get("next"), "reader": request.user})
    return _back(request)


@may("")
@require_POST
def follow_events(request, pk):
    services.choose_events(get_object_or_404(Follow, pk=pk, owner=request.user), request.POST.getlist("events"))
    messages.success(request, "Saved.")
    return redirect("following")


@may("")
@require_POST
def view_save(request):
    try:
        view = services.save_view(owner=request.user, name=request.POST.get("name", "").replace("\0", ""),
                                  address=request.POST.get("address", ""))
    except NotDone as error:
        messages.error(request, str(error))
        return _back(request)
    messages.success(request, f"“{view.name}” is on your start page. Its feed, mail and link: under Following.")
    return redirect(view.address)


@may("")
@require_safe
def view_open(request, pk):
    """To the list; what is there now counts as seen."""
    view = get_object_or_404(SavedView, pk=pk, owner=request.user, removed_at=None)
    services.open_view(view)
    return redirect(view.address)


@may("")
@require_POST
def view_change(request, pk):
    """One of: save, up, down, link (a new one), remove, restore."""
    view = get_object_or_404(SavedView, pk=pk, owner=request.user)
    do = request.POST.get("do", "")
    try:
        if do == "save":
            services.change_view(view, name=request.POST.get("name", ""), on_start="on_start" in request.POST,
                                 told="told" in request.POST)
        elif do in ("up", "down"):
            services.move_view(view, up=do == "up")
        elif do == "link":
            services.renew_link(view)
            messages.success(request, "Its addresses are others now; the old ones open nothing any more.")
        elif do == "remove":
            services.remove_view(view)
        elif do == "restore":
            services.restore_view(view)
    except NotDone as error:
        messages.error(request, str(error))
    return redirect(f"{reverse('following')}#views")


@require_safe
def view_shared(request, pk, token):
    """A view for whoever has its link: its newest things, its list and its feeds."""
    view = view_by_token(pk, token)
    return render(request, "papers/following/view_shared.html", {
        "view": view, "token": token, "entries": selectors.entries_of(view)})


@require_safe
def view_feed(request, pk, token, format):
    view = view_by_token(pk, token)
    feed = Feed(f"Assay: {view.name}", "What is new in a saved view.", view.address, selectors.entries_of(view))
    return feed_response(request, feed, format, private=True)


@may("")
@require_POST
@never_cache
def channel_add(request):
    post = request.POST
    try:
        channel, secret = services.add_channel(
            owner=request.user, kind=post.get("kind", ""), address=post.get("address", "").replace("\0", ""),
            cadence=post.get("cadence", ""), hour=id_from(post.get("hour", "")) or 0,
            weekday=id_from(post.get("weekday", "")) or 0)
    except NotDone as error:
        messages.error(request, str(error))
        return redirect(f"{reverse('following')}#channels")
    if secret:  # shown in this answer only
        return render(request, "papers/following/following.html", _everything(request, secret=secret, new=channel))
    messages.success(request, "Added. A mail with a link that confirms the address is on its way."
                     if channel.kind == Channel.MAIL else "Added.")
    return redirect(f"{reverse('following')}#channels")


@may("")
@require_POST
@never_cache
def channel_change(request, pk):
    """One of: stop, start, test, again (the mail that confirms), digest, secret, remove."""
    channel = get_object_or_404(Channel, pk=pk, owner=request.user)
    post, do = request.POST, request.POST.get("do", "")
    try:
        if do == "stop":
            services.stop_channel(channel)
        elif do == "start":
            services.start_channel(channel)
        elif do == "test":
            services.send_test(channel)
            messages.success(request, "A test message goes out within a minute; the log shows how it went.")
        elif do == "again":
            services.ask_again(channel)
            messages.success(request, "Another mail with the link is on its way.")
        elif do == "digest":
            services.change_digest(channel, cadence=post.get("cadence", ""), hour=id_from(post.get("hour", "")) or 0,
                                   weekday=id_from(post.get("weekday", "")) or 0)
        elif do == "secret" and channel.kind == Channel.WEBHOOK:
            secret = services.renew_secret(channel)
            return render(request, "papers/following/following.html", _everything(request, secret=secret, new=channel))
        elif do == "remove":
            channel.delete()
            messages.success(request, f"{channel} is removed.")
    except NotDone as error:
        messages.error(request, str(error))
    return redirect(f"{reverse('following')}#channels")


@may("")
@require_safe
def digest_preview(request, pk):
    """The channel's next digest as it would be now, as text and as HTML."""
    channel = get_object_or_404(Channel, pk=pk, owner=request.user, kind=Channel.MAIL)
    context = {"digest": selectors.preview_of(channel), "channel": channel, "stop": "", "following": ""}
    return render(request, "papers/following/digest_preview.html", {
        **context, "text": render_to_string("papers/following/mail_digest.txt", context)})


@may("")
@require_safe
def notification_list(request):
    unread = request.GET.get("show") == "unread"
    page = Paginator(selectors.notification_list(request.user, unread=unread), PER_PAGE).get_page(
        request.GET.get("page"))
    return render(request, "papers/following/notification_list.html", {
        "page": page, "unread": unread, "query": "show=unread" if unread else "",
        "undo": request.GET.get("undo", "")[:40], "here": request.get_full_path()})


@may("")
@require_POST
def notification_mark(request):
    """One as read or unread, all as read, or that taken back."""
    post = request.POST
    if post.get("do") == "all":
        moment = services.mark_all_read(owner=request.user)
        return redirect(f"{reverse('notification_list')}?undo={moment.replace('+', '%2B')}")
    if post.get("do") == "undo":
        try:
            number = services.mark_unread_again(owner=request.user, moment=post.get("moment", ""))
            messages.success(request, f"{number} unread again.")
        except NotDone as error:
            messages.error(request, str(error))
        return redirect("notification_list")
    pk = id_from(post.get("pk", ""))
    if pk is None:
        raise Http404("there is no such notification")
    services.mark_read(owner=request.user, pk=pk, read=post.get("do") != "unread")
    return _back(request, "notification_list")


@csrf_exempt  # a mail program posts here by one click (RFC 8058), without any page of ours; the token is the permission
@never_cache
def unsubscribe(request, token):
    """Asking, which changes nothing; posted, the mails stop, or those about one follow do; and can go on again."""
    channel, follow, one = read_mail_token(STOP, token)
    done = ""
    if request.method == "POST":
        if one:
            if follow:
                follow.delete()
            done = "follow"
        elif request.POST.get("do") == "start":
            services.start_channel(channel)
            done = "started"
        else:
            services.stop_channel(channel)
            done = "stopped"
    return render(request, "papers/following/unsubscribe.html", {
        "channel": channel, "follow": follow, "one": one, "done": done, "token": token})


@never_cache
def confirm_address(request, token):
    """The mail address says yes; looking at the page alone does not, so that no mail filter can."""
    channel, _, _ = read_mail_token(CONFIRM, token)
    if request.method == "POST":
        services.confirm_address(channel)
        channel.refresh_from_db()
    return render(request, "papers/following/confirm_address.html", {"channel": channel})
