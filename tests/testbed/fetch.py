"""`python -m tests.testbed.fetch`: Kafka and the registry into the cache, ahead of the tests."""

from __future__ import annotations

import sys

from tests.testbed.artifacts import cache_folder, kafka_jars, registry_folder
from tests.testbed.processes import BrokenTestBedError


def main() -> None:
    try:
        kafka_jars(_say)
        registry_folder(_say)
    except BrokenTestBedError as error:
        sys.exit(str(error))
    _say(f"Kafka and registry are in {cache_folder()}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
