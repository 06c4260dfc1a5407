"""The web application, for servers that speak ASGI. What config.wsgi says of imports and garbage holds here too."""

import gc
import importlib
import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
gc.disable()
application = get_asgi_application()
importlib.import_module("config.urls")
gc.enable()
gc.freeze()
