"""All settings in one place, driven by environment variables; the defaults run on one machine with no services."""

import hashlib
import hmac
import ipaddress
import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

# What is written here is for the owner alone, or with SHARE_WITH_GROUP=1 for web and workers run by users of one group.
# Child processes inherit it, the broker too. `manage.py prepare` closes what was written before, config.privacy checks.
SHARE_WITH_GROUP = env.bool("SHARE_WITH_GROUP", default=False)
os.umask(0o007 if SHARE_WITH_GROUP else 0o077)

DATA_DIR = Path(env("DATA_DIR", default="") or BASE_DIR / "var").resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)
os.environ["DATA_DIR"] = str(DATA_DIR)  # the kit's data layer and child processes read it from here


def _secret_key() -> str:
    """A key generated on first start and kept, private as everything in the data folder."""
    path = DATA_DIR / "secret_key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o660)  # less the umask
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        key = secrets.token_urlsafe(50)
        file.write(key)
    return key


DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env("SECRET_KEY", default="") or _secret_key()
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "papers",
    "papers.following",
    "methods",
    "evaluations",
    "papers.shelf",
    "workers",
    "config",
    "config.accounts",
    "config.audit",
    "config.asking",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "ninja",
    "axes",
    "csp",
]

MIDDLEWARE = [
    "config.addresses.without_nul",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "DIRS": [BASE_DIR / "templates"],
    "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    ]},
}]

# Database: SQLite in WAL mode, or whatever DATABASE_URL names (PostgreSQL).
def _database() -> dict[str, Any]:
    url = env("DATABASE_URL", default="")
    if not url:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(DATA_DIR / "assay.sqlite3")}
    scheme = url.partition(":")[0]
    if env.DB_SCHEMES.get(scheme) not in ("django.db.backends.sqlite3", "django.db.backends.postgresql"):
        raise ImproperlyConfigured("DATABASE_URL must read like postgres://user:password@host/name or "
                                   f"sqlite:////folder/file, and not begin with {scheme!r}")
    try:
        return env.db_url_config(url)
    except ValueError as error:
        raise ImproperlyConfigured(f"DATABASE_URL cannot be read: {error}") from error


DATABASES = {"default": _database()}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 30,
        "transaction_mode": "IMMEDIATE",  # a writer waits for its turn instead of failing in mid-transaction
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-8000;",
    }
    # SQLite itself makes files that a group can only read
    if SHARE_WITH_GROUP and DATABASES["default"]["NAME"] != ":memory:":
        Path(DATABASES["default"]["NAME"]).touch(0o660)
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Counters of wrong passwords, and apart from them what pages keep of long computations (papers.keeping), of
# each process by itself and of all that share the data folder, which is this user's alone.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
          "kept": {"BACKEND": "papers.keeping.BoundedMemory", "LOCATION": "kept", "OPTIONS": {"MAX_BYTES": 32 * 2**20}},
          "shared": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": DATA_DIR / "kept",
                     "OPTIONS": {"MAX_ENTRIES": 200}}}

# Broker: a real Redis or Valkey. Without REDIS_URL the run command starts one on this private socket.
EMBEDDED_REDIS_DIR = DATA_DIR / "redis"
REDIS_URL = env("REDIS_URL", default="")
# Before every key, so that installations can share a server. Made of what one installation's processes have in common
# and two installations do not; the database's host is left out, since each machine may call it by another name.
QUEUE_PREFIX = env("QUEUE_PREFIX", default="") or "assay-{}:".format(hmac.new(
    SECRET_KEY.encode(), "{ENGINE} {NAME}".format(**DATABASES["default"]).encode(), hashlib.sha256).hexdigest()[:12])
_broker = REDIS_URL or f"redis+socket://{EMBEDDED_REDIS_DIR / 'redis.sock'}"
CELERY_BROKER_URL = _broker
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "tasks"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker for ever
# whoever sends a message for a page waits no longer than a person does; the sweep sends it later
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0.1, "interval_step": 0.1, "interval_max": 0.1}
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
    # A redelivered message finds its row claimed and is dropped, so this may be shorter than a run.
    "visibility_timeout": 120,
    "unacked_restore_interval": 2,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 2,
    "socket_timeout": 5,  # more than the second for which a worker waits for messages at a time
    "queue_order_strategy": "priority",
    "priority_steps": [0, 3, 6, 9],
    "sep": ":",
    "global_keyprefix": QUEUE_PREFIX,
}
CELERY_TIMEZONE = "UTC"

# Search: any sentence-transformers model by name or path; the default rides inside a package and needs no network.
ENCODER_MODEL = env("ENCODER_MODEL", default="all-MiniLM-L6-v2")
ENCODER_BACKEND = env("ENCODER_BACKEND", default="auto")  # auto, openvino or torch

# People
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "sesame.backends.ModelBackend",  # of sessions; the link itself is read by config.accounts.views.LoginLink
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"} for name in (
        "UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator",
        "NumericPasswordValidator")
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
SESAME_MAX_AGE = 3600
SESAME_ONE_TIME = True
# Wrong passwords: counted by account and address together, so that nobody locks anyone out from elsewhere.
AXES_HANDLER = "config.accounts.throttle.Throttle"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "config.accounts.throttle.address_of"
AXES_LOCKOUT_CALLABLE = "config.accounts.throttle.refused"
AXES_VERBOSE = False

RUNNER_SECONDS_A_DAY = env.int("RUNNER_SECONDS_A_DAY", default=4 * 3600)  # processor time of a runner's runs

# Signing in elsewhere (OpenID Connect) and a second factor: off unless set; docs/accounts.md says how.
TWO_FACTOR = env.bool("TWO_FACTOR", default=False)
OIDC_ISSUER = env("OIDC_ISSUER", default="").rstrip("/")
OIDC_NAME = env("OIDC_NAME", default="your organisation")
OIDC_OPEN = env.bool("OIDC_OPEN", default=False)  # whoever the provider knows becomes a reader, without an invitation
if TWO_FACTOR or OIDC_ISSUER:
    INSTALLED_APPS += ["allauth", "allauth.account", "allauth.socialaccount",
                       "allauth.socialaccount.providers.openid_connect", "allauth.mfa"]
    MIDDLEWARE += ["allauth.account.middleware.AccountMiddleware"]
    ACCOUNT_ADAPTER = "config.accounts.sign_in.Accounts"
    SOCIALACCOUNT_ADAPTER = "config.accounts.sign_in.Elsewhere"
    MFA_ADAPTER = "config.accounts.sign_in.SecondFactor"
    MFA_FORMS = {"authenticate": "config.accounts.sign_in.CodeForm",
                 "reauthenticate": "config.accounts.sign_in.CodeAgainForm"}
    MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
    MFA_TOTP_ISSUER = "Assay"
    ACCOUNT_EMAIL_VERIFICATION = "none"
    ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
    ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
    SOCIALACCOUNT_ONLY = False
    SOCIALACCOUNT_STORE_TOKENS = False
    SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [{
        "provider_id": "sso", "name": OIDC_NAME, "client_id": env("OIDC_CLIENT_ID", default=""),
        "secret": env("OIDC_CLIENT_SECRET", default=""), "settings": {"server_url": OIDC_ISSUER}}]}} \
        if OIDC_ISSUER else {}

LANGUAGE_CODE = "en"
TIME_ZONE = env("TZ", default="UTC")
USE_I18N = False
USE_TZ = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
WHITENOISE_USE_FINDERS = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 2**20  # a pasted digest may be large
FILE_UPLOAD_MAX_MEMORY_SIZE = 16 * 2**20

# Security. HTTPS=1 (behind a TLS proxy) turns on what would lock out plain-HTTP use on one's own machine.
HTTPS = env.bool("HTTPS", default=False)
# How many proxies of one's own stand before the site; as many last entries of X-Forwarded-For are believed.
TRUSTED_PROXIES = int(env("TRUSTED_PROXIES", default="") or HTTPS)
SECURE_SSL_REDIRECT = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SESSION_COOKIE_HTTPONLY = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {"DIRECTIVES": {
    "default-src": [SELF],
    "img-src": [SELF, "data:"],
    "style-src": [SELF],
    "script-src": [SELF],
    "object-src": [NONE],
    "base-uri": [SELF],
    "frame-ancestors": [NONE],
    "form-action": [SELF],
}}

SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]  # asked from beside the proxy, without TLS


def _networks(name: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    try:
        return [ipaddress.ip_network(word.strip(), strict=False) for word in env(name, default="").split(",")
                if word.strip()]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be addresses or networks, by commas: {error}") from None


# Prometheus metrics at /metrics: off (404) unless one of these is set; each that is set must be met.
METRICS_TOKEN = env("METRICS_TOKEN", default="")  # sent as "Authorization: Bearer ..."
METRICS_ALLOW = _networks("METRICS_ALLOW")  # e.g. 127.0.0.1,10.0.0.0/8

# What is fetched from outside, by papers/sources/client.py alone. Nothing is until a source or an identifier is added.
SOURCES_ALLOW = _networks("SOURCES_ALLOW")  # inner networks that may be fetched from, e.g. 10.1.0.0/16
SOURCES_FOLDERS = [Path(folder).resolve() for folder in env.list("SOURCES_FOLDERS", default=[])] or [
    DATA_DIR / "inbox"]  # folders that may be watched, with all below them
ENRICH = env.bool("ENRICH", default=False)  # look every paper up elsewhere, to fill what it lacks
SOURCES_CONTACT = env("SOURCES_CONTACT", default="")  # a mail or web address that servers are told
SOURCES_TIMEOUT = env.float("SOURCES_TIMEOUT", default=60.0)  # seconds for a whole answer
SOURCES_PACE = {"arxiv.org": 3.0, "semanticscholar.org": 2.0}  # seconds between two questions, by domain ...
SOURCES_PACE_ELSEWHERE = 1.0
UPSTREAMS = {name: env(f"{name.upper()}_URL", default=address).rstrip("/") for name, address in {
    "arxiv_rss": "https://rss.arxiv.org/rss", "arxiv_api": "https://export.arxiv.org/api/query",
    "arxiv_oai": "https://oaipmh.arxiv.org/oai", "hugging_face": "https://huggingface.co/api",
    "crossref": "https://api.crossref.org/works", "doi": "https://doi.org", "openreview": "https://api2.openreview.net",
    "semantic_scholar": "https://api.semanticscholar.org", "openalex": "https://api.openalex.org",
    "acl": "https://aclanthology.org", "github": "https://raw.githubusercontent.com",
    "github_api": "https://api.github.com", "gitlab_api": "https://gitlab.com/api/v4",
}.items()}  # or mirrors of them, e.g. ARXIV_API_URL

# processor seconds a day that the site may spend by itself on seeds that decide open claims
DECIDE_SECONDS = env.int("DECIDE_SECONDS", default=0)
if DECIDE_SECONDS < 0:
    raise ImproperlyConfigured(f"DECIDE_SECONDS must be a number of seconds, 0 for none, not {DECIDE_SECONDS}")

# Telling followers. EMAIL_URL like smtp+tls://user:password@mail.example.org:587 (smtp+ssl://, or smtp:// without TLS);
# without it no mail is sent, what is due waits, and the page of follows says so.
EMAIL_URL = env("EMAIL_URL", default="")
MAIL_CONFIGURED = bool(EMAIL_URL)
if EMAIL_URL:
    _mail = env.email_url_config(EMAIL_URL)
    if _mail.get("EMAIL_BACKEND") != "django.core.mail.backends.smtp.EmailBackend" or not _mail.get("EMAIL_HOST"):
        raise ImproperlyConfigured("EMAIL_URL must read like smtp+tls://user:password@mail.example.org:587")
    EMAIL_HOST, EMAIL_PORT = _mail["EMAIL_HOST"], _mail["EMAIL_PORT"] or 25
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_USER"] or "", _mail["EMAIL_HOST_PASSWORD"] or ""
    EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.get("EMAIL_USE_TLS", False), _mail.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 30
# how mails and messages name this site
SITE_URL = (env("SITE_URL", default="") or f"http://localhost:{env('PORT', default='') or 8000}").rstrip("/")
MAIL_HOST = urlsplit(SITE_URL).hostname or "localhost"
DEFAULT_FROM_EMAIL = env("EMAIL_FROM", default="") or f"assay@{MAIL_HOST}"
WEBHOOKS_ALLOW = _networks("WEBHOOKS_ALLOW")  # inner networks that people's webhooks may name, e.g. 10.1.0.0/16

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "loggers": {"faiss": {"level": "WARNING"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
}
