"""How tests wait: for an event or a condition, always with a limit, never for time to pass."""

import os
import threading
import time

SANITIZED = os.environ.get("FAIRLEAD_SANITIZED") == "1"
# A sanitized binary is several times slower; every limit of the suite grows with it.
SCALE = 5 if SANITIZED else 1
# The longest that anything which must happen may take.
PATIENCE = 10.0 * SCALE


def fewer(count, sanitized):
    """A large count, smaller where the sanitizers slow everything down."""
    return sanitized if SANITIZED else count


def eventually(condition, within=PATIENCE, what="the condition"):
    """Returns the first true value of `condition()`; fails when none comes in time."""
    deadline = time.monotonic() + within
    pause = threading.Event()
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"{what} did not come true within {within:g} s"
        pause.wait(0.01)


def happens(event, what, within=PATIENCE):
    """Waits for a threading.Event and fails with a sentence when it does not come."""
    assert event.wait(within), f"{what} did not happen within {within:g} s"
