from django.contrib.auth.views import LogoutView
from django.urls import path

from config.accounts import people, views

urlpatterns = [
    path("login/", views.Login.as_view(), name="login"),
    path("login/link/", views.LoginLink.as_view(), name="login_link"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("account/", views.account, name="account"),
    path("account/password/", views.first_password, name="first_password"),
    path("account/tokens/<int:pk>/delete/", views.token_delete, name="token_delete"),
    path("people/", people.people_list, name="people_list"),
    path("people/<int:pk>/", people.person_change, name="person_change"),
    path("people/invitations/", people.invitation_list, name="invitation_list"),
    path("people/invitations/<int:pk>/revoke/", people.invitation_revoke, name="invitation_revoke"),
    path("join/<str:secret>/", people.join, name="join"),
]
