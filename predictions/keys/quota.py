"""The use of a rate limit within its window."""

import math
from dataclasses import dataclass

MINUTE = 60  # seconds; a window is one minute or several


@dataclass(frozen=True, slots=True)
class Quota:
    """How many requests a subject may make in a window, and how many it has made."""

    policy: str  # what kind of subject
    limit: int
    requests: int
    reset: int  # seconds until the window ends
    window: int = MINUTE

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.requests)

    @property
    def is_exceeded(self) -> bool:
        return self.requests > self.limit


def window_at(now: float, minutes: int = 1) -> int:
    """The start of the current window, in minutes since 1970."""
    return int(now // MINUTE) // minutes * minutes


def rest_of_window(now: float, minutes: int = 1) -> int:
    """Seconds until the current window ends."""
    return max(1, math.ceil(minutes * MINUTE - now % (minutes * MINUTE)))
