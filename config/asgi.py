"""The web application, for servers that speak ASGI; as config.wsgi."""

import gc
import importlib
import os

from django.core.asgi import get_asgi_application

from config.memory import freeze_imports, keep_small

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
keep_small()
gc.disable()
application = get_asgi_application()
importlib.import_module("config.urls")
freeze_imports()
