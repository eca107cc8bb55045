"""What a process costs while others load it: its memory and its descriptors, and the line through them."""

import pathlib
import statistics
import threading
import time

# Readers that are caught up, and pages of history, lift the memory for a second or two, every half minute. What a server keeps is the least
# of a window; a leak lifts that too.
WINDOW_SECONDS = 60


def measure(process):
    """KiB of resident memory, and open descriptors."""
    for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]), len(list(pathlib.Path(f"/proc/{process}/fd").iterdir()))
    raise SystemExit(f"process {process} has ended")


class Costs:
    """Samples of one process, from `with` to its end."""

    def __init__(self, process, every):
        self.process = process
        self.every = every
        self.samples = []
        self.is_over = threading.Event()

    def __enter__(self):
        self.thread = threading.Thread(target=self.sample)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()

    def sample(self):
        began = time.monotonic()
        while not self.is_over.wait(self.every):
            memory, descriptors = measure(self.process)
            self.samples.append((time.monotonic() - began, memory, descriptors))
            if len(self.samples) % max(1, round(30 / self.every)) == 0:
                print(f"{self.samples[-1][0]:4.0f} s: {memory / 1024:.1f} MiB, {descriptors} descriptors", flush=True)

    def after(self, share):
        """The samples after that share of the time."""
        return [sample for sample in self.samples if sample[0] >= share * self.samples[-1][0]]

    def windows(self, share, column, figure):
        """One figure of each window after that share of the time, with the window's middle. One not half full tells nothing."""
        windows = {}
        for sample in self.after(share):
            windows.setdefault(sample[0] // WINDOW_SECONDS, []).append(sample[column])
        half = WINDOW_SECONDS / self.every / 2
        return [((at + 0.5) * WINDOW_SECONDS, figure(found)) for at, found in windows.items() if len(found) >= half]


def rise(points):
    """How much the line through the points (least squares) rises in ten minutes."""
    if len(points) < 2:
        return 0.0
    slope, _ = statistics.linear_regression([point[0] for point in points], [point[1] for point in points])
    return slope * 600
