"""`python -m consumer` and the command `seek-signals`."""

from __future__ import annotations

import sys

from consumer.cli.application import run_application


def main() -> None:
    sys.exit(run_application(sys.argv[1:]))


if __name__ == "__main__":
    main()
