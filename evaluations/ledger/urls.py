"""The claim ledger's addresses."""

from django.urls import path

from evaluations.ledger import views
from evaluations.ledger.feeds import verdict_feed

urlpatterns = [
    path("claims/", views.claim_list, name="claim_list"),
    path("claims/open/", views.claim_open, name="claim_open"),
    path("claims/feed/", verdict_feed, name="claim_feed"),
    path("claims/feed.json", verdict_feed, {"format": "json"}, name="claim_feed_json"),
    path("claims/<int:pk>/", views.claim_detail, name="claim_detail"),
    path("badges/paper/<str:key>.svg", views.badge_of_paper, name="badge_paper"),
    path("badges/method/<slug:arena>/<slug:slug>.svg", views.badge_of_method, name="badge_method"),
]
