"""The addresses of comparisons and of their curves as files."""

from django.urls import path

from evaluations.comparing import views

urlpatterns = [
    path("compare/", views.compare, name="arena_compare"),
    path("compare/curves/<slug:arena>.<slug:form>", views.curve_file, name="compare_curves"),
]
