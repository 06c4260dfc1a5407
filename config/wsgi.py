"""The web application."""

import gc
import importlib
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
gc.disable()  # imports leave no garbage worth looking for
application = get_wsgi_application()
importlib.import_module("config.urls")  # else the first request would import every page
gc.enable()
# What was imported stays for good. Left to the collector, every second large page would wait the tenth of a second
# that a full collection takes to walk through all of it. Every server imports this module in the process that answers.
gc.freeze()
