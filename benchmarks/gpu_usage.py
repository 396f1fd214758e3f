"""How busy a GPU is while something runs."""

import statistics
import subprocess
import threading

SAMPLING_INTERVAL = 0.2  # seconds
ASK = ("nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits")


class Utilisation:
    """The GPU's own figure in percent, sampled by nvidia-smi from `begin` to `end`."""

    def __init__(self):
        self.seen: list[float] = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._sample, daemon=True)

    def begin(self) -> None:
        self.thread.start()

    def end(self) -> None:
        self.over.set()
        if self.thread.ident:
            self.thread.join()

    def median(self) -> float | None:
        return statistics.median(self.seen) if self.seen else None

    def _sample(self) -> None:
        while not self.over.wait(SAMPLING_INTERVAL):
            try:
                output = subprocess.run(ASK, capture_output=True, text=True).stdout.split()
            except FileNotFoundError:  # no GPU of NVIDIA
                return
            self.seen += [float(value) for value in output[:1]]
