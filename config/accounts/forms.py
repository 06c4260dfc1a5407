"""The form with which an invited person makes an account."""

from django.contrib.auth.forms import BaseUserCreationForm
from django.contrib.auth.models import User


class JoinForm(BaseUserCreationForm):
    class Meta:
        model = User
        fields = ("username", "email")

    def __init__(self, *args, email: str = "", **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["email"].initial = email
        self.fields["username"].widget.attrs["autocomplete"] = "username"
        self.fields["email"].help_text = "Optional."

    def clean_username(self) -> str:
        name = self.cleaned_data["username"]
        if User.objects.filter(username__iexact=name).exists():
            self.add_error("username", "This name is taken.")
        return name
