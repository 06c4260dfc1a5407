from django.apps import AppConfig


class AskingConfig(AppConfig):
    name = "config.asking"
    label = "asking"
