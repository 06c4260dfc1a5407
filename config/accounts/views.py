"""Logging in, one's password and API tokens."""

from django.contrib import messages
from django.contrib.auth import get_user_model, login, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.contrib.auth.views import LoginView
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from sesame.settings import TOKEN_NAME
from sesame.tokens import parse_token
from sesame.views import LoginView as LinkView

from config.accounts.models import ApiToken


class Login(LoginView):
    template_name = "registration/login.html"
    redirect_authenticated_user = True


@method_decorator(never_cache, "dispatch")
class LoginLink(LinkView):
    """A one-time link. Looking at it uses nothing up, so that a preview fetcher cannot: the button does.

    The token is read here and not by an authentication backend, because those ask the throttle, and whoever holds a
    valid link is let in however many wrong passwords came from the same place.
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
        return self.login_success()

    def account(self, *, lock: bool = False):
        """Whom the link logs in; None when it does not work any more."""
        users = get_user_model().objects.filter(is_active=True)
        if lock:
            users = users.select_for_update()
        return parse_token(self.request.GET.get(TOKEN_NAME, ""), lambda key: users.filter(pk=key).first())


@login_required
@never_cache
def account(request):
    """Set or change the password; make and list tokens. A new token's text is shown in this response only."""
    form_class = PasswordChangeForm if request.user.has_usable_password() else SetPasswordForm
    form, new_token = form_class(request.user), None
    if request.method == "POST" and "token_name" in request.POST:
        name = request.POST["token_name"].strip()[:100] or "unnamed"
        _, new_token = ApiToken.issue(user=request.user, name=name)
    elif request.method == "POST":
        form = form_class(request.user, request.POST)
        if form.is_valid():
            update_session_auth_hash(request, form.save())
            messages.success(request, "Your password is set.")
            return redirect("account")
    return render(request, "registration/account.html", {
        "form": form, "new_token": new_token, "tokens": request.user.api_tokens.order_by("-created_at")})


@login_required
@require_POST
def token_delete(request, pk):
    token = get_object_or_404(ApiToken, pk=pk, user=request.user)
    token.delete()
    messages.success(request, f"The token “{token.name}” no longer works.")
    return redirect("account")
