"""Machine: where and with what it was measured, since no figure means anything without that."""

import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

LIBRARIES = (
    "flask",
    "werkzeug",
    "jinja2",
    "bottle",
    "falcon",
    "pyramid",
    "gunicorn",
    "multipart",
    "python-multipart",
    "pandas",
    "python-calamine",
    "openpyxl",
    "xlsx2csv",
    "polars",
    "fastexcel",
)


def describe() -> dict[str, Any]:
    """Date, processor, memory, load, Python and libraries."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "load": [round(load, 2) for load in os.getloadavg()],
        "versions": {name: found for name in LIBRARIES if (found := _version(name))},
    }


def sentence(machine: Mapping[str, Any]) -> str:
    """The description in a few lines."""
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (
        f"{machine['date']}, {machine['python']}, {machine['system']}, {machine['cores']} cores"
        f" ({machine['processor']}), {machine['memory_gib']} GiB, load average {machine['load'][0]}."
        f" Versions: {versions}."
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor())


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
