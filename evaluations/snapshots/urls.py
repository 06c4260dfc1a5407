"""The addresses of frozen tables."""

from django.urls import path

from evaluations.snapshots import views

urlpatterns = [
    path("snapshots/", views.snapshot_list, name="snapshot_list"),
    path("snapshots/<slug:key>/", views.snapshot_detail, name="snapshot_detail"),
    path("snapshots/<slug:key>/title/", views.snapshot_retitle, name="snapshot_retitle"),
    path("snapshots/<slug:key>/cells/<slug:method>/", views.snapshot_cell, name="snapshot_cell"),
]
