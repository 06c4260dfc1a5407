"""The addresses at which people decide about reported claims."""

from django.urls import path

from evaluations.reported import views

urlpatterns = [
    path("claims/<int:pk>/<slug:action>/", views.decide, name="reported_decide"),
]
