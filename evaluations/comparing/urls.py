"""The address of comparisons."""

from django.urls import path

from evaluations.comparing import views

urlpatterns = [path("compare/", views.compare, name="arena_compare")]
