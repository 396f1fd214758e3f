"""Run the variants of a benchmark interleaved, each in a process of its own, and summarise their results."""

import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import version


def run_alone(module: str, *words: object) -> object:
    """What `python -m module words` prints last, which is JSON, measured in a process of its own."""
    done = subprocess.run([sys.executable, "-m", module, *map(str, words)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def run_interleaved(module: str, variants: Iterable[str], rounds: int, *words: object) -> dict[str, list]:
    """The result of each variant in each round. They alternate, so that other load of the machine affects all alike."""
    result: dict[str, list] = {variant: [] for variant in variants}
    for number in range(rounds):
        for variant, values in result.items():
            values.append(run_alone(module, "--variant", variant, *words))
            print(f"round {number + 1} of {rounds}: {variant} {values[-1]}", flush=True)
    return result


def ratios(above: Iterable[float], below: Iterable[float]) -> dict:
    """The spread of `above` over `below`, round by round."""
    return spread([a / b for a, b in zip(above, below, strict=True)])


def spread(values: list[float]) -> dict:
    rounded = [round(value, 3) for value in values]
    return {"median": statistics.median(rounded), "min": min(rounded), "max": max(rounded), "n": len(rounded)}


def provenance(*vendors: str) -> dict:
    """Where, with what and when."""
    from darkroom.workers import parallel

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "machine": {
            "system": platform.platform(), "processors": parallel.processors(), "memory_gib": round(memory, 1),
        },
        "versions": {"python": platform.python_version(), **{vendor: version(vendor) for vendor in vendors}},
        "date": datetime.date.today().isoformat(),
    }  # fmt: skip
