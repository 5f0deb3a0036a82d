"""What every row of the table is made of: clocks, medians, turns, and a line of Markdown."""

import os
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

FIELDS = ("what", "target", "reached", "against", "detail")


@dataclass
class Row:
    """One line of the table; `met` is None where nothing could be held against the target."""

    what: str
    target: str
    reached: str
    against: str
    detail: str
    met: bool | None = None

    def told(self):
        return asdict(self)


@dataclass
class Took:
    """What one command took: seconds on the clock, seconds of its cores, and peak memory in MB."""

    clock: float
    cores: float
    memory: float


def took(bench, cwd, argv, given=None, env=None):
    """Runs a command to its end; anything but success ends this row."""
    with open(os.devnull, "wb") as out, open(given or os.devnull, "rb") as inp:
        begun = time.perf_counter()
        child = subprocess.Popen(argv, cwd=cwd, env=env or bench.env, stdout=out, stderr=out, stdin=inp)
        _, status, used = os.wait4(child.pid, 0)
        clock = time.perf_counter() - begun
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"broken: {' '.join(map(str, argv))} ended with {child.returncode}")
    return Took(clock, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def turns(samples, *takers):
    """Lets each taker measure once a turn, first one first, then the other way round, so that
    whatever else the machine does hits all of them; answers the samples of each."""
    lists = [[] for _ in takers]
    order = list(range(len(takers)))
    for n in range(samples):
        for index in order if n % 2 else reversed(order):
            lists[index].append(takers[index]())
    return lists


def median(samples):
    """Of numbers, or of the clocks of commands."""
    return statistics.median(getattr(one, "clock", one) for one in samples)


def ratio_row(what, most, ours, floor, against):
    """Our median over that of the floor; `most` is the largest ratio that reaches the target."""
    ratio = median(ours) / median(floor)
    each = f"{seconds(median(ours))} against {seconds(median(floor))}"
    return Row(what, f"≤ {most:g} ×", f"{ratio:.2f} ×", against, each, ratio <= most)


def seconds(value):
    """`1.23 s`, `12.3 ms`."""
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.1f} ms"


def table(rows):
    """All rows as one Markdown table."""
    lines = [("what", "to reach", "reached", "against what", "in detail"),
             ("---", "---:", "---:", "---", "---")]
    for row in rows:
        mark = {True: "", False: " **missed**", None: ""}[row.met]
        lines.append((row.what, row.target, row.reached + mark, row.against, row.detail))
    widths = [max(len(line[i]) for line in lines) for i in range(len(FIELDS))]
    shown = (" | ".join(cell.ljust(width) for cell, width in zip(line, widths)) for line in lines)
    return "\n".join(f"| {line} |" for line in shown)


def say(text):
    print(text, file=sys.stderr, flush=True)
