"""Addresses of the second factor and of signing in elsewhere. Of allauth's pages only these are reachable."""

from allauth.account import views as account
from allauth.socialaccount.providers.openid_connect.views import callback
from django.urls import include, path
from django.views.generic import RedirectView

from config.accounts.sign_in import login_elsewhere

_here = RedirectView.as_view(pattern_name="account")

urlpatterns = [
    path("account/2fa/", include("allauth.mfa.urls")),
    path("account/again/", account.reauthenticate, name="account_reauthenticate"),
    path("account/logout/", account.logout, name="account_logout"),
    path("account/closed/", account.account_inactive, name="account_inactive"),
    path("account/login/", RedirectView.as_view(pattern_name="login", query_string=True), name="account_login"),
    path("account/email/", _here, name="account_email"),
    path("account/set-password/", _here, name="account_set_password"),
    path("account/change-password/", _here, name="account_change_password"),
    path("account/elsewhere/", include("allauth.socialaccount.urls")),
    path("oidc/<slug:provider_id>/login/", login_elsewhere, name="openid_connect_login"),
    path("oidc/<slug:provider_id>/login/callback/", callback, name="openid_connect_callback"),
]
