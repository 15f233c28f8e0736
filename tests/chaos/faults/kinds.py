"""Every fault there is."""

from tests.chaos.faults.broker import BROKER_FAULTS
from tests.chaos.faults.database import DATABASE_FAULTS
from tests.chaos.faults.processes import CRASHES, PROCESS_FAULTS
from tests.chaos.faults.surroundings import EVENT_FAULTS, STORAGE_FAULTS

KINDS = [*PROCESS_FAULTS, *BROKER_FAULTS, *DATABASE_FAULTS, *EVENT_FAULTS, *STORAGE_FAULTS, *CRASHES]
