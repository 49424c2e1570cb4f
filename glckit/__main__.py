"""``python -m glckit``."""

from glckit.cli import main

main()
