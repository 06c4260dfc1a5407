"""Who is calling the API: a bearer token, or the session of a logged-in browser (with CSRF on writes)."""

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from ninja.errors import HttpError
from ninja.security import APIKeyCookie, HttpBearer

from config.accounts import throttle
from config.accounts.models import ApiToken


class TokenAuth(HttpBearer):
    def authenticate(self, request, token):
        known = ApiToken.objects.select_related("user").filter(digest=ApiToken.digest_of(token)).first()
        if known is None:
            throttle.wrong_token(request)
        if known is None or not known.user.is_active:
            raise HttpError(401, "This API token is unknown or its owner is not active.")
        ApiToken.objects.filter(pk=known.pk).update(last_used_at=timezone.now())
        request.user = known.user
        return known.user


class SessionAuth(APIKeyCookie):
    """The browser's session. The parent class checks CSRF on writes."""

    param_name = "sessionid"

    def authenticate(self, request, key):
        return request.user if request.user.is_authenticated else None


class Anonymous:
    """Lets anyone read; a write without a user is refused by the endpoint's permission check."""

    def __call__(self, request):
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            return None
        request.user = getattr(request, "user", None) or AnonymousUser()
        return request.user or True
