"""The API: every app's router under one documented roof. Reading is open; writing needs a token or a session."""

from ninja import NinjaAPI

from config.accounts.auth import Anonymous, SessionAuth, TokenAuth
from config.accounts.throttle import TooManyTries
from evaluations.api import router as evaluations
from methods.api import router as methods
from papers.api import router as papers
from workers.api import router as workers

api = NinjaAPI(title="Assay", version="1", description="Everything the pages show, as data.",
               docs_url="docs", urls_namespace="api", auth=[TokenAuth(), SessionAuth(), Anonymous()])
api.add_router("", papers)
api.add_router("", methods)
api.add_router("", evaluations)
api.add_router("", workers)


@api.exception_handler(TooManyTries)
def too_many_tries(request, error: TooManyTries):
    answer = api.create_response(request, {"detail": str(error)}, status=429)
    answer.headers["Retry-After"] = str(error.seconds)
    return answer
