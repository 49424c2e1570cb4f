"""``python -m glckit``, and the command ``glckit``."""

from __future__ import annotations

import sys


def _said(why: str) -> int:
    print(f"glckit: {why}", file=sys.stderr)  # noqa: T201 - nothing else may be there yet
    return 3


def main() -> None:
    """Run the command line; Ctrl-C ends it in silence even while it is still being imported."""
    try:
        from submissions.memory import want_of_memory

        try:
            from glckit.cli import main

            main()
        except (ImportError, MemoryError) as error:
            why = want_of_memory(error)
            if why is None:
                raise
            sys.exit(_said(why))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
