"""Who is calling the API: a bearer token, or the session of a logged-in browser (with CSRF on writes)."""

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from ninja.errors import HttpError
from ninja.security import APIKeyCookie, HttpBearer

from config.accounts import throttle
from config.accounts.models import ApiToken
from config.accounts.roles import SCOPES, scope_of
from papers import history

HOW_TO_WRITE = ("Writing needs an API token: make one on your account page (/account/) and send it as the header "
                "“Authorization: Bearer TOKEN”.")
READING = ("GET", "HEAD", "OPTIONS")


class TokenAuth(HttpBearer):
    def authenticate(self, request, token):
        known = ApiToken.objects.select_related("user").filter(digest=ApiToken.digest_of(token)).first()
        if known is None:
            throttle.wrong_token(request)
        if known is None or not known.user.is_active:
            raise HttpError(401, "This API token is unknown, or its owner is not active. Your account page (/account/) "
                                 "makes a new one.")
        if known.expired:
            raise HttpError(401, f"This API token expired on {known.expires_at:%Y-%m-%d}. Your account page "
                                 "(/account/) makes a new one.")
        known.note_use()
        request.user, request.outside_scopes = known.user, Scopes(known, request.method in READING)
        setattr(known.user, history.ACTING_TOKEN, known.name)
        return known.user


class Scopes:
    """Called with an operation's permission: why the token may not, "" when it may."""

    def __init__(self, token: ApiToken, reading: bool):
        self.token, self.reading = token, reading

    def __call__(self, permission: str) -> str:
        needed = scope_of(permission, reading=self.reading)
        if needed in self.token.scopes:
            return ""
        return (f"The token “{self.token.name}” has the scopes {', '.join(self.token.scopes) or 'none'}; this needs "
                f"{needed} ({SCOPES[needed].words}).")


class SessionAuth(APIKeyCookie):
    """The browser's session. The parent class checks CSRF on writes; without a session there is nothing to check."""

    param_name = settings.SESSION_COOKIE_NAME

    def _get_key(self, request):
        if self.param_name not in request.COOKIES:
            return None
        try:
            return super()._get_key(request)
        except HttpError:
            raise HttpError(403, "A write with a browser's session needs the page's CSRF token in the header "
                                 f"“X-CSRFToken”. {HOW_TO_WRITE}") from None

    def authenticate(self, request, key):
        return request.user if request.user.is_authenticated else None


class Anonymous:
    """Lets anyone read; a write without a person is refused with what to do about it."""

    def __call__(self, request):
        if request.method not in READING:
            raise HttpError(401, HOW_TO_WRITE)
        request.user = getattr(request, "user", None) or AnonymousUser()
        return request.user or True
