"""Every address of the site; each app owns its own."""

from django.contrib import admin
from django.urls import include, path

from config.api import api, no_such_address
from config.front import views as front

urlpatterns = [
    path("", front.home, name="home"),
    path("admin/", admin.site.urls),
    path("api/", api.urls),
    path("api/<path:rest>", no_such_address),
    path("", include("config.accounts.urls")),
    path("", include("papers.following.urls")),
    path("", include("papers.urls")),
    path("", include("methods.urls")),
    path("", include("evaluations.urls")),
    path("", include("workers.urls")),
]
