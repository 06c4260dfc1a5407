"""The addresses of sweeps."""

from django.urls import path

from evaluations.sweeps import views

urlpatterns = [
    path("methods/<slug:arena>/<slug:slug>/sweep/", views.sweep_detail, name="sweep_detail"),
    path("methods/<slug:arena>/<slug:slug>/sweep/run/", views.sweep_request, name="sweep_request"),
]
