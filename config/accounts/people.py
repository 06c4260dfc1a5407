"""The pages of people: their roles and budgets, and invitations."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.core.validators import validate_email
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from config.accounts import invitations, roles
from config.accounts.budget import allow, used_today
from config.accounts.forms import JoinForm
from config.accounts.models import Invitation
from papers.parameters import id_from
from papers.web import may

PER_PAGE = 50
MOST_HOURS = 24 * 365


@may("accounts.manage_people")
def people_list(request):
    """Every account with its roles and today's computing."""
    found = User.objects.order_by("username").prefetch_related("groups").select_related("allowance")
    if words := request.GET.get("q", "").strip()[:150]:
        found = found.filter(username__icontains=words)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    used = used_today(page.object_list)
    return render(request, "accounts/people_list.html", {
        "page": page, "roles": roles.ROLES, "words": words, "query": urlencode({"q": words}) if words else "",
        "hours_a_day": settings.RUNNER_SECONDS_A_DAY / 3600,
        "people": [(person, roles.roles_of(person), used.get(person.pk, 0.0)) for person in page]})


@may("accounts.manage_people")
@require_POST
def person_change(request, pk):
    """Give roles and budget, or close the account."""
    person = get_object_or_404(User, pk=pk)
    try:
        if "close" in request.POST:
            roles.close_account(account=person, closed=request.POST["close"] == "yes", by=request.user)
        else:
            seconds = _seconds(request.POST.get("hours", ""))
            with transaction.atomic():
                roles.give_roles(account=person, names=request.POST.getlist("role"), by=request.user)
                if seconds != getattr(getattr(person, "allowance", None), "seconds_a_day", None):
                    allow(account=person, seconds=seconds, by=request.user)
        messages.success(request, f"{person.username} is changed.")
    except ValueError as error:
        messages.error(request, f"{person.username} is as before: {error}.")
    return redirect("people_list")


def _seconds(hours: str) -> int | None:
    """Seconds of a number of hours; None for an empty text. Raises ValueError."""
    if not hours.strip():
        return None
    try:
        number = float(hours.replace(",", "."))
    except ValueError:
        number = -1.0
    if not 0 <= number <= MOST_HOURS:
        raise ValueError(f"hours a day are a number from 0 to {MOST_HOURS}")
    return round(number * 3600)


@may("accounts.add_invitation")
@never_cache
def invitation_list(request):
    """Invite somebody. A new link is shown in this response only."""
    link, sent = "", ""
    if request.method == "POST":
        email = request.POST.get("email", "").strip()
        try:
            if email:
                validate_email(email)
            invitation, secret = invitations.invite(
                names=request.POST.getlist("role"), days=id_from(request.POST.get("days", "")) or 0, by=request.user,
                email=email)
            link = request.build_absolute_uri(reverse("join", args=[secret]))
            if email:
                invitations.send(invitation=invitation, address=link)
                sent = email
        except (invitations.InvitationError, ValidationError) as error:
            messages.error(request, f"Nobody is invited: {' '.join(getattr(error, 'messages', [str(error)]))}")
        except OSError as error:
            messages.warning(request, f"The mail could not be sent ({error}): give the link below yourself.")
    page = Paginator(invitations.invitations_of(request.user), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "accounts/invitation_list.html", {
        "page": page, "link": link, "sent": sent, "days": invitations.DAYS, "query": "",
        "roles": [roles.ROLES[name] for name in roles.may_give(request.user)]})


@may("accounts.add_invitation")
@require_POST
def invitation_revoke(request, pk):
    invitation = get_object_or_404(invitations.invitations_of(request.user), pk=pk)
    invitations.revoke(invitation=invitation, by=request.user)
    messages.success(request, "The invitation no longer works.")
    return redirect("invitation_list")


@never_cache
def join(request, secret):
    """Make an account by an invitation. Looking at the link uses nothing up; the form does."""
    invitation = invitations.open_invitation(secret)
    if invitation is None:
        return render(request, "accounts/join.html", status=404)
    if request.user.is_authenticated:
        return render(request, "accounts/join.html", {"invitation": invitation})
    if settings.OIDC_ISSUER:
        request.session["invitation"] = secret  # whoever signs in elsewhere comes back without the address
    form = JoinForm(request.POST if request.method == "POST" else None, email=invitation.email)
    if request.method == "POST" and form.is_valid():
        try:
            account = _join(invitation, form)
        except invitations.InvitationError:
            return render(request, "accounts/join.html", status=404)
        login(request, account, backend="django.contrib.auth.backends.ModelBackend")
        messages.success(request, f"Welcome, {account}.")
        return redirect("home")
    return render(request, "accounts/join.html", {
        "invitation": invitation, "form": form, "provider": settings.OIDC_NAME if settings.OIDC_ISSUER else "",
        "roles": [roles.ROLES[name] for name in invitation.roles if name in roles.ROLES]})


@transaction.atomic
def _join(invitation: Invitation, form: JoinForm) -> User:
    account = form.save()
    invitations.use(invitation=invitation, account=account)
    return account
