"""Running Python as somebody whom permissions stop, also where the tests run as root."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

_CAPABILITIES = "-dac_override,-dac_read_search"


def python_without_privileges(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run Python without the right to read what its mode forbids; skips where that cannot be given up."""
    command = [sys.executable, *map(str, arguments)]
    if os.geteuid() == 0:
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            pytest.skip("root reads everything, and there is no setpriv to change that")
        command = [setpriv, f"--bounding-set={_CAPABILITIES}", f"--inh-caps={_CAPABILITIES}", *command]
    return subprocess.run(command, capture_output=True, text=True, check=False)
