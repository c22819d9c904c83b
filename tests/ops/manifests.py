"""`python -m tests.ops.manifests`: the Kustomize base, as the Helm chart renders it."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.ops.rendering import rendered
from tests.ops.tools import Tools

BASE = Path(__file__).parents[2] / "deploy" / "kustomize" / "base" / "seek-signals.yaml"


def main() -> None:
    BASE.write_text(rendered(Tools()))
    sys.stdout.write("deploy/kustomize/base/seek-signals.yaml written\n")


if __name__ == "__main__":
    main()
