"""Logging in, one's password and API tokens."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user_model, login, update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.contrib.auth.views import LoginView
from django.db import transaction
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from sesame.settings import TOKEN_NAME
from sesame.tokens import parse_token
from sesame.views import LoginView as LinkView

from config.accounts import tokens
from config.accounts.budget import budget_of
from config.accounts.models import ApiToken
from config.accounts.roles import ROLES, SCOPES, roles_of
from papers import history
from papers.web import may


class Login(LoginView):
    template_name = "registration/login.html"
    redirect_authenticated_user = True

    def form_valid(self, form):
        if settings.TWO_FACTOR:
            from config.accounts.sign_in import log_in_in_steps
            return log_in_in_steps(self.request, form.get_user(), self.get_success_url())
        return super().form_valid(form)

    def get_context_data(self, **kwargs):
        return super().get_context_data(**kwargs) | {"provider": settings.OIDC_NAME if settings.OIDC_ISSUER else ""}


@method_decorator(never_cache, "dispatch")
class LoginLink(LinkView):
    """A one-time link. Looking at it uses nothing up, so that a preview fetcher cannot: the button does.

    The token is read here and not by an authentication backend, because those ask the throttle, and whoever holds a
    valid link is let in however many wrong passwords came from the same place. Whoever can make a link has the server
    itself, so it stands for the second factor too. An account without a password is asked to choose one.
    """

    def get(self, request):
        account = self.account()
        return render(request, "registration/login_link.html", {"account": account}, status=200 if account else 403)

    def post(self, request):
        with transaction.atomic():  # two at once: the second finds the link used
            account = self.account(lock=True)
            if account is None:
                return self.get(request)
            login(request, account, backend="sesame.backends.ModelBackend")
        onward = self.login_success()
        if account.has_usable_password():
            return onward
        return redirect(f"{reverse('first_password')}?{urlencode({'next': onward.url})}")

    def account(self, *, lock: bool = False):
        """Whom the link logs in; None when it does not work any more."""
        users = get_user_model().objects.filter(is_active=True)
        if lock:
            users = users.select_for_update()
        return parse_token(self.request.GET.get(TOKEN_NAME, ""), lambda key: users.filter(pk=key).first())


@may("")
@never_cache
def first_password(request):
    """After the first log-in by a link: choose a password, or go on without one."""
    onward = request.POST.get("next") or request.GET.get("next") or ""
    if not url_has_allowed_host_and_scheme(onward, {request.get_host()}, require_https=request.is_secure()):
        onward = reverse("home")
    if request.user.has_usable_password():
        return HttpResponseRedirect(onward)
    form = SetPasswordForm(request.user, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        _set_password(request, form)
        return HttpResponseRedirect(onward)
    return render(request, "accounts/first_password.html", {"form": form, "next": onward})


def _set_password(request, form) -> None:
    with transaction.atomic():
        account = form.save()
        history.record("set the password of", f"account:{account.pk}", by=account, words=str(account))
    update_session_auth_hash(request, account)
    messages.success(request, "Your password is set.")


@may("")
@never_cache
def account(request):
    """Roles, the day's budget, password and tokens. A new token's text is shown in this response only."""
    form_class = PasswordChangeForm if request.user.has_usable_password() else SetPasswordForm
    form, new_token = form_class(request.user), None
    if request.method == "POST" and "token_name" in request.POST:
        try:
            new_token = tokens.make_token(user=request.user, name=request.POST["token_name"], days=request.POST.get(
                "days", ""), scopes=request.POST.getlist("scope"))
        except tokens.TokenError as error:
            messages.error(request, str(error))
    elif request.method == "POST":
        form = form_class(request.user, request.POST)
        if form.is_valid():
            _set_password(request, form)
            return redirect("account")
    for field in form.fields.values():  # the page is not about the password alone: it begins at its top
        field.widget.attrs.pop("autofocus", None)
    return render(request, "registration/account.html", {
        "form": form, "new_token": new_token, "tokens": request.user.api_tokens.order_by("-created_at"),
        "scopes": SCOPES, "days": tokens.DAYS, "roles": [ROLES[name] for name in roles_of(request.user)],
        "budget": budget_of(request.user) if request.user.has_perm("evaluations.add_run") else None,
        "two_factor": settings.TWO_FACTOR, "provider": settings.OIDC_NAME if settings.OIDC_ISSUER else ""})


@may("")
@require_POST
def token_delete(request, pk):
    token = get_object_or_404(ApiToken, pk=pk, user=request.user)
    tokens.revoke_token(token=token, by=request.user)
    messages.success(request, f"The token “{token.name}” no longer works.")
    return redirect("account")
