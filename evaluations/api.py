"""The API of every room."""

from ninja import Router

from evaluations.arenas.api import router as tables
from evaluations.arenas.figures_api import router as figures
from evaluations.arenas.statistics_api import router as statistics
from evaluations.comparing.api import router as comparing
from evaluations.ledger.api import router as ledger
from evaluations.reported.api import router as claims
from evaluations.runs.api import router as runs
from evaluations.snapshots.api import router as snapshots
from evaluations.sweeps.api import router as sweeps

router = Router()
router.add_router("", runs)
router.add_router("", tables)
router.add_router("", snapshots)
router.add_router("", statistics)
router.add_router("", sweeps)
router.add_router("", figures)
router.add_router("", comparing)
router.add_router("", claims)
router.add_router("", ledger)
