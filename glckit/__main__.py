"""``python -m glckit``, and the command ``glckit``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; Ctrl-C ends it in silence even while it is still being imported."""
    try:
        from glckit.cli import main

        main()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
