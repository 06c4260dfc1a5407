"""The addresses of every room."""

from django.urls import include, path

ROOMS = ("runs", "arenas", "figures", "comparing", "snapshots", "reported", "ledger")

urlpatterns = [path("", include(f"evaluations.{room}.urls")) for room in ROOMS]
