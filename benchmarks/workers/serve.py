"""What every Python worker does: read the table, then fit when told to and say how long it took.

A worker speaks JSON, a line at a time. It starts with {"ready": …}; to {"action": name, "times": k} it answers with the
mean CPU seconds of k calls, what the last one returned and the peak memory of its process so far.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def read_columns(path: str) -> dict[str, np.ndarray | tuple[np.ndarray, np.ndarray]]:
    """Read the .npz of `cases.write_arrays`: numbers as an array, factors as (codes, levels)."""
    with np.load(path) as arrays:
        return {
            name: arrays[name] if name in arrays else (arrays[f"{name}.codes"], arrays[f"{name}.levels"])
            for name in json.loads(str(arrays["columns"]))
        }


def pandas_table(path: str):
    """Read the table as a pandas DataFrame whose factors are categories."""
    import pandas as pd

    return pd.DataFrame(
        {
            name: pd.Categorical.from_codes(column[0], column[1].tolist()) if isinstance(column, tuple) else column
            for name, column in read_columns(path).items()
        }
    )


def serve(version: str, actions: dict[str, Callable[[], Any]]) -> None:
    """Answer requests on standard input until it closes."""
    answer({"ready": version, "memory_megabytes": peak_megabytes()})
    for line in sys.stdin:
        request = json.loads(line)
        call = actions[request["action"]]
        try:
            start = time.process_time()
            for _ in range(request["times"]):
                result = call()
            seconds = (time.process_time() - start) / request["times"]
        except Exception as error:
            answer({"error": f"{type(error).__name__}: {error}"})
            continue
        answer({"cpu_seconds": seconds, "result": result, "memory_megabytes": peak_megabytes()})


def answer(message: dict) -> None:
    """Write one line to the measuring process."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def peak_megabytes() -> float:
    """Return the largest resident memory this program has had.

    Linux's ru_maxrss also remembers the process that started this one; VmHWM begins anew with the program.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource

    per_megabyte = 1024**2 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / per_megabyte
