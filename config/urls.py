"""Every address of the site; each app owns its own."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from config.api import no_such_address, unversioned, versioned
from config.client.views import client_file
from config.front import views as front
from config.mcp.views import endpoint as mcp

handler500 = "config.failures.server_error"

urlpatterns = [
    path("", front.home, name="home"),
    # the admin's own log-in page would ask for no second factor
    *([path("admin/login/", RedirectView.as_view(pattern_name="login", query_string=True))]
      if settings.TWO_FACTOR else []),
    path("admin/", admin.site.urls),
    path("api/v1/client.py", client_file, name="client_file"),
    path("api/client.py", client_file),
    path("mcp", mcp, name="mcp"),
    path("api/v1/", versioned),
    path("api/", unversioned),
    path("api/<path:rest>", no_such_address),
    path("", include("config.accounts.urls")),
    *([path("", include("config.accounts.sign_in_addresses"))] if settings.TWO_FACTOR or settings.OIDC_ISSUER else []),
    path("", include("config.asking.urls")),
    path("", include("config.audit.urls")),
    path("", include("papers.following.urls")),
    path("", include("papers.urls")),
    path("", include("methods.urls")),
    path("", include("evaluations.urls")),
    path("", include("workers.urls")),
]
