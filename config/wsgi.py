"""The web application. Every server imports this module in the process that answers."""

import gc
import importlib
import os

from django.core.wsgi import get_wsgi_application

from config.memory import freeze_imports, keep_small

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
keep_small()
gc.disable()  # imports leave no garbage worth looking for
application = get_wsgi_application()
importlib.import_module("config.urls")  # else the first request would import every page
freeze_imports()
