"""Rows about a long past: replay, `status`, `sync`, `report`, memory, and how they grow."""

import math
import shutil
from datetime import datetime, timezone

import ledgers
from measure import Row, median, ratio_row, say, seconds, took, turns

EVENTS, OPEN, DONE = 100_000, 5_000, 5_000


class Big:
    """The repository of 10,000 tasks and 100,000 events, made when the first row wants it."""

    def __init__(self, bench, quick):
        scale = 10 if quick else 1
        self.events, self.open, self.done = EVENTS // scale, OPEN // scale, DONE // scale
        self.bench, self.made = bench, None

    def repo(self):
        if self.made is None:
            self.made = ledgers.repository(self.bench, "big", self.events, self.open, self.done)
            settle(self.bench, self.made)
        return self.made

    def name(self):
        return f"{self.open + self.done:,} tasks, {self.events:,} events"


def settle(bench, repo):
    """One sync, as the commit that brought the tasks would have started it, and a look."""
    bench.run("buildq", "sync", "--quiet", cwd=repo)
    bench.quiet(repo)
    bench.run("buildq", "status", cwd=repo)


def forget(repo):
    shutil.rmtree(repo / ".git/buildq/cache", ignore_errors=True)


def head(bench, repo):
    return lambda: took(bench, repo, ("git", "rev-parse", "HEAD"))


def replay(bench, big, args):
    """Without a cache `log -n 1` replays the whole ledger and prints the newest line of it."""
    repo = big.repo()

    def cold():
        forget(repo)
        return took(bench, repo, ("buildq", "log", "-n", "1"))

    def floor():
        return took(bench, repo, ("git", "log", "--format=%B", "buildq"))

    ours, git = turns(args.samples, cold, floor)
    settle(bench, repo)
    return [ratio_row(f"cold replay of {big.events:,} events", 1, ours, git,
                      "`git log --format=%B` of them")]


def status(bench, big, args):
    repo = big.repo()
    ours, git = turns(args.samples * 3, lambda: took(bench, repo, ("buildq", "status")), head(bench, repo))
    return [ratio_row(f"`status` warm, {big.name()}", 10, ours, git, "`git rev-parse HEAD`")]


def sync(bench, big, args):
    repo = big.repo()
    ours, git = turns(args.samples * 3, lambda: took(bench, repo, ("buildq", "sync")), head(bench, repo))
    return [ratio_row("`sync` with nothing due, there", 10, ours, git, "`git rev-parse HEAD`")]


def report(bench, big, args):
    """A day in the middle, and the one that a person asks for most: yesterday."""
    repo = big.repo()
    rows = []
    for name, back in (("five years ago", 5 * 365), ("of last week", 7)):
        day = datetime.fromtimestamp(datetime.now().timestamp() - back * 86400, timezone.utc).date()
        before = datetime.fromordinal(day.toordinal() - 1).date()
        since, until = f"--since={before}T23:00:00Z", f"--until={day}T22:59:59Z"
        ours, git = turns(args.samples,
                          lambda: took(bench, repo, ("buildq", "report", "--date", str(day))),
                          lambda: took(bench, repo, ("git", "log", since, until, "buildq")))
        rows.append(ratio_row(f"`report` for one day {name}, of ten years", 2, ours, git,
                              "`git log --since --until` of that day"))
    return rows


def memory(bench, big, args):
    repo = big.repo()
    peak = max(took(bench, repo, ("buildq", "status")).memory for _ in range(3))
    git = took(bench, repo, ("git", "rev-parse", "HEAD")).memory
    forget(repo)
    cold = took(bench, repo, ("buildq", "status")).memory
    settle(bench, repo)
    detail = f"{cold:.0f} MB without any cache; `git rev-parse` {git:.0f} MB"
    return [Row("memory of `status`, there", "≤ 64 MB", f"{peak:.0f} MB", "", detail, peak <= 64)]


def grown(sizes, points):
    """The exponent of growth between the two largest sizes: 1 is linear, 0 is flat."""
    (a, b), (x, y) = sizes[-2:], points[-2:]
    return math.log(y / x) / math.log(b / a)


def growth(bench, args):
    """Cold and warm `status` by the number of events, then by that of tasks."""
    most = (4, 4) if args.quick else (6, 5)
    rows = []
    kinds = (("events", [10**n for n in range(2, most[0] + 1)], lambda n: (n, 100, max(n // 10, 1))),
             ("tasks", [10**n for n in range(2, most[1] + 1)], lambda n: (1000, n, 100)))
    for kind, sizes, shape in kinds:
        cold, warm, floors = [], [], []
        for size in sizes:
            events, waiting, done = shape(size)
            repo = ledgers.repository(bench, f"growth-{kind}-{size}", events, waiting, done)
            settle(bench, repo)
            ours, git = turns(5, lambda: took(bench, repo, ("buildq", "status")), head(bench, repo))
            warm.append(median(ours))
            floors.append(median(git))
            forget(repo)
            cold.append(took(bench, repo, ("buildq", "status")).clock)
            shutil.rmtree(repo, ignore_errors=True)
            say(f"    cold {seconds(cold[-1])}, warm {seconds(warm[-1])}")
        span = f"10² to 10{'⁰¹²³⁴⁵⁶'[len(sizes) + 1]} {kind}"
        for name, target, times, most_of in (("cold", "no worse than linear", cold, 1.1), ("warm", "flat", warm, 0.1)):
            exponent = grown(sizes, times)
            against = "" if name == "cold" else f"`git rev-parse HEAD` takes {seconds(median(floors))}"
            rows.append(Row(f"`status` {name}, {span}", target, f"n^{exponent:.2f}", against,
                            ", ".join(map(seconds, times)), exponent <= most_of))
    return rows
