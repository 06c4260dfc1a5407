from django.urls import path

from papers.following import views

urlpatterns = [
    path("following/", views.following, name="following"),
    path("following/toggle/", views.follow_toggle, name="follow_toggle"),
    path("following/<int:pk>/events/", views.follow_events, name="follow_events"),
    path("following/channels/add/", views.channel_add, name="channel_add"),
    path("following/channels/<int:pk>/", views.channel_change, name="channel_change"),
    path("following/channels/<int:pk>/preview/", views.digest_preview, name="digest_mail_preview"),
    path("views/save/", views.view_save, name="view_save"),
    path("views/<int:pk>/", views.view_open, name="view_open"),
    path("views/<int:pk>/change/", views.view_change, name="view_change"),
    path("views/<int:pk>/<slug:token>/", views.view_shared, name="view_shared"),
    path("views/<int:pk>/<slug:token>/feed.<slug:format>", views.view_feed, name="view_feed"),
    path("notifications/", views.notification_list, name="notification_list"),
    path("notifications/mark/", views.notification_mark, name="notification_mark"),
    path("unsubscribe/<str:token>/", views.unsubscribe, name="unsubscribe"),
    path("confirm-address/<str:token>/", views.confirm_address, name="confirm_address"),
]
