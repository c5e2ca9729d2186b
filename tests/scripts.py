"""Programs that are run in an interpreter of their own, where nothing has been loaded yet."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PATIENCE = 120
"""Seconds: so much only when a program hangs."""


def run_script(
    script: str, *arguments: str, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """How the program ended and what it printed; it is run in the project's folder."""
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
