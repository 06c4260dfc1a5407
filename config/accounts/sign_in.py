"""Signing in elsewhere (OpenID Connect) and the second factor, by django-allauth. Loaded only where one of them is on.

What differs from allauth's defaults: nobody signs up by themselves, secrets of the second factor are encrypted, a code
works once in whichever process it is entered, and all of it is in the history.
"""

from __future__ import annotations

from collections.abc import Callable

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa import signals as factor_signals
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from allauth.socialaccount import signals as elsewhere_signals
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.providers.openid_connect import views as openid_connect
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from config.accounts import invitations, roles, throttle
from papers import history
from papers.sources.passwords import NoPassword, decrypted, encrypted

USED = "used"  # where an authenticator keeps the codes that were entered last
KEPT_CODES = 5  # at most three are valid at a time


def log_in_in_steps(request: HttpRequest, account: User, onward: str) -> HttpResponse:
    """After the right password: in, or first to the page that asks for the code."""
    return perform_password_login(request, {"username": account.get_username()},
                                  Login(user=account, redirect_url=onward))


def login_elsewhere(request: HttpRequest, provider_id: str) -> HttpResponse:
    """On to the provider, by a page: after a form, the site's policy forbids redirects to elsewhere."""
    answer = openid_connect.login(request, provider_id=provider_id)
    if answer.status_code != 302:
        return answer
    return render(request, "accounts/onward.html", {"address": answer.url, "provider": settings.OIDC_NAME})


class Accounts(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return throttle.address_of(request)

    def send_notification_mail(self, *args, **kwargs) -> None:
        """The history says it; a site need not be able to send mail."""


class Elsewhere(DefaultSocialAccountAdapter):
    """Who comes from the provider: whoever has connected it, was invited, or (OIDC_OPEN) anybody it knows."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin) -> bool:
        email = sociallogin.user.email
        taken = bool(email) and User.objects.filter(email__iexact=email).exists()
        if not taken and (settings.OIDC_OPEN or _invitation(request)):
            return True
        raise ImmediateHttpResponse(render(request, "accounts/not_known.html", {
            "provider": settings.OIDC_NAME, "email": email, "taken": taken}, status=403))

    def save_user(self, request: HttpRequest, sociallogin, form=None) -> User:
        with transaction.atomic():
            account = super().save_user(request, sociallogin, form)
            if invitation := _invitation(request):
                invitations.use(invitation=invitation, account=account)
                request.session.pop("invitation", None)
            else:
                account.groups.add(Group.objects.get(name=roles.READER.name))
                history.record("joined", f"account:{account.pk}", by=account, words=f"from {settings.OIDC_NAME}")
        return account


def _invitation(request: HttpRequest):
    return invitations.open_invitation(request.session.get("invitation", ""))


class SecondFactor(DefaultMFAAdapter):
    def encrypt(self, text: str) -> str:
        return encrypted(text)

    def decrypt(self, encrypted_text: str) -> str:
        """What was stored under another SECRET_KEY matches no code: a one-time link lets its owner set it up anew."""
        try:
            return decrypted(encrypted_text)
        except NoPassword:
            return generate_totp_secret()

    def get_totp_label(self, user) -> str:
        return user.get_username()

    def send_notification_mail(self, *args, **kwargs) -> None:
        """The history says it."""


class _Once:
    """A code of a phone works once. allauth notes that in the cache, which each web process has for itself."""

    def clean_code(self) -> str:
        code = super().clean_code()  # type: ignore[misc]  # of the form beside it
        used: Authenticator = self.authenticator  # type: ignore[attr-defined]
        if used.type == Authenticator.Type.TOTP and not _first_use(used.pk, code):
            raise SecondFactor().validation_error("incorrect_code")
        return code


def _first_use(pk: int, code: str) -> bool:
    """Note that the code was used; False when it was before."""
    with transaction.atomic():
        row = Authenticator.objects.select_for_update().get(pk=pk)
        used = row.data.get(USED, [])
        if code in used:
            return False
        row.data[USED] = [*used, code][-KEPT_CODES:]
        row.save(update_fields=["data"])
    return True


class CodeForm(_Once, AuthenticateForm):
    pass


class CodeAgainForm(_Once, ReauthenticateForm):
    pass


def _noted(verb: str) -> Callable[..., None]:
    """A receiver of allauth's signals that writes the act into the history."""
    def received(sender, request, user=None, sociallogin=None, socialaccount=None, **kwargs) -> None:
        account = user or (sociallogin or socialaccount).user
        history.record(verb, f"account:{account.pk}", by=account, words=str(account))
    return received


RECEIVERS = [  # kept, for signals hold their receivers weakly
    (factor_signals.authenticator_added, _noted("set up a second factor of")),
    (factor_signals.authenticator_removed, _noted("removed a second factor of")),
    (factor_signals.authenticator_reset, _noted("made new recovery codes of")),
    (elsewhere_signals.social_account_added, _noted("connected a provider with")),
    (elsewhere_signals.social_account_removed, _noted("disconnected a provider from")),
]


def listen() -> None:
    for signal, receiver in RECEIVERS:
        signal.connect(receiver)
