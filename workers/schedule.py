"""What the scheduler starts on its own. Every task here may be run at any time, twice or not at all."""

from django.conf import settings

# where the scheduler keeps when it ran what
FILE = str(settings.DATA_DIR / "schedule")

BEAT = {
    "embed what is new": {"task": "papers.embed_texts", "schedule": 60.0,
                          "options": {"queue": "tasks", "expires": 55}},
    "look at sources that are due": {"task": "papers.run_due_sources", "schedule": 60.0,
                                     "options": {"queue": "tasks", "expires": 55}},
    "look papers up elsewhere": {"task": "papers.enrich_papers", "schedule": 60.0,
                                 "options": {"queue": "tasks", "expires": 55}},
    "read new abstracts": {"task": "evaluations.extract_reported", "schedule": 60.0,
                           "options": {"queue": "tasks", "expires": 55}},
    "decide open claims": {"task": "evaluations.decide_open", "schedule": 60.0,
                           "options": {"queue": "tasks", "expires": 55}},
    "tell followers": {"task": "following.tell_followers", "schedule": 60.0,
                       "options": {"queue": "tasks", "expires": 55}},
    "refresh verdicts": {"task": "workers.refresh_verdicts", "schedule": 300.0,
                         "options": {"queue": "tasks", "expires": 290}},
    "forget workers that are gone": {"task": "workers.forget_workers", "schedule": 60.0,
                                     "options": {"queue": "tasks", "expires": 55}},
    "keep house": {"task": "workers.keep_house", "schedule": 3600.0,
                   "options": {"queue": "tasks", "expires": 3500}},
}
