"""Company for a record that may be sick: only others that pass can show that SEEK is well.

Where all partitions wait at their bounds behind records that fail, nothing else would ever be
sent: no evidence, no burial, no end. So now and then these partitions bring one batch more.
"""

from __future__ import annotations

from dataclasses import dataclass

from consumer.delivery.courier import Courier
from consumer.delivery.limits import SickLimits
from consumer.pipeline.partitions import Partitions


@dataclass(slots=True, eq=False)
class Company:
    limits: SickLimits
    partitions: Partitions
    courier: Courier
    _next_s: float = 0.0

    def turn(self, now_s: float) -> None:
        """As often as a sick record has to fail, in the time that it has to fail for."""
        if now_s >= self._next_s and self.courier.lacks_company:
            self._next_s = now_s + self.limits.after_s / self.limits.attempts
            self.partitions.invite()
