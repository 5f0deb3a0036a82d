#!/usr/bin/env python3
"""What a queue of 100,000 task files costs: a look with and without caches, and one more commit.

    benches/crowd.py                   # builds the release binary first
    benches/crowd.py --bin PATH        # measures another one
    benches/crowd.py --tasks 20000     # a smaller queue

Every figure is told as a ratio too, to what plain git does with the same queue, turn by turn in the
same run. Prints one table. A slow figure is no failure: the exit code is 0 unless something broke.
"""

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from commit import TOP, Bench, end_wakers, say

FOLDERS = 100
HISTORY = 20  # commits that bring the tasks
VERBS = ["Write", "Add", "Fix", "Rename", "Document", "Extend", "Move", "Merge", "Test", "Port"]
THINGS = ["parser", "lexer", "cache", "index", "report", "dialog", "importer", "exporter", "logger",
          "router", "scheduler", "renderer", "validator", "formatter", "counter", "merger"]
PLACES = ["start page", "settings page", "search page", "command line", "nightly job", "archive",
          "test bench", "user guide", "list view", "detail view"]
FILLER = ("the lines that it reads come from one file and are kept in their order so that a "
          "second run finds the same result where nothing has changed since the first one").split()

TASK = """---
title: {verb} the {thing} of the {place}
priority: {priority}
estimate: {hours}h
labels: [{thing}]
{more}---
{verb} the {thing} of the {place} in `src/{thing}/{n}.rs`. {filler}.

## Completion criteria
- [ ] `{thing} {n}` prints what the {place} shows
- [ ] `make test-{thing}` passes
"""


def task(n, chance):
    """One task; a few depend on an earlier one, and most are medium."""
    more = f"depends_on: [task-{chance.randrange(n):06}]\n" if n and n % 20 == 0 else ""
    return TASK.format(
        n=n, more=more, hours=1 + n % 8, verb=chance.choice(VERBS), thing=chance.choice(THINGS),
        place=chance.choice(PLACES), priority=chance.choice(["medium"] * 8 + ["high", "low"]),
        filler=" ".join(chance.choices(FILLER, k=60)).capitalize())


def path_of(n):
    return f"queue/{n % FOLDERS:02}/task-{n:06}.md"


def fill(bench, repo, tasks):
    """Commits the tasks on the queue branch, several commits, as `git fast-import` does it."""
    chance = random.Random(7)
    # Piece by piece: what this process holds would count as the memory of those it starts.
    git = subprocess.Popen(["git", "fast-import", "--quiet"], cwd=repo, env=bench.env,
                           stdin=subprocess.PIPE)
    out = git.stdin
    out.write(b"feature done\n")
    each = -(-tasks // HISTORY)
    for first in range(0, tasks, each):
        at = 1_700_000_000 + first
        out.write(f"commit refs/heads/main\ncommitter Ada <ada@example.org> {at} +0000\n".encode())
        out.write(b"data 5\nTasks\n")
        if first == 0:
            out.write(b"from refs/heads/main^0\n")
        for n in range(first, min(first + each, tasks)):
            text = task(n, chance).encode()
            out.write(f"M 100644 inline {path_of(n)}\ndata {len(text)}\n".encode() + text + b"\n")
    out.write(b"done\n")
    out.close()
    if git.wait() != 0:
        sys.exit("broken: git fast-import")
    bench.run("git", "reset", "-q", "--hard", cwd=repo)


def repository(bench, tasks):
    """Set up, paused so that nothing is built, with every task committed here."""
    repo = bench.paused("repo")
    say(f"  {tasks} tasks are made")
    fill(bench, repo, tasks)
    bench.made_here(repo)
    return repo


def forget(repo):
    shutil.rmtree(repo / ".git/buildq/cache", ignore_errors=True)


def forget_plan(repo):
    """The sync behind a commit has planned already: without its plan the next look plans too."""
    (repo / ".git/buildq/cache/lasting").unlink(missing_ok=True)


class Cost:
    """What one command took: seconds on the clock, seconds of its cores, and peak memory in MB."""

    def __init__(self, bench, repo, argv, given=None):
        begun = time.monotonic()
        with open(bench.folder / "out", "wb") as out, open(given or os.devnull, "rb") as inp:
            child = subprocess.Popen(argv, cwd=repo, env=bench.env, stdout=out, stdin=inp)
            _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            sys.exit(f"broken: {' '.join(map(str, argv))}")
        self.clock = time.monotonic() - begun
        self.cores = used.ru_utime + used.ru_stime
        self.memory = used.ru_maxrss / 1024


class Rows:
    """The lines of the table, each measured turn by turn with the floor that it is held against."""

    def __init__(self, bench, repo, args):
        self.bench, self.repo, self.args, self.lines = bench, repo, args, []
        listed = bench.run("git", "ls-tree", "-r", "main", "queue/", cwd=repo)
        self.blobs = bench.folder / "blobs"
        self.blobs.write_text("".join(line.split()[2] + "\n" for line in listed.splitlines()))

    def names(self):
        """The floor of a look that finds nothing new: git tells the names of all files."""
        return Cost(self.bench, self.repo, ("git", "ls-tree", "-r", "main"))

    def texts(self):
        """The floor of a look without caches: git prints every text."""
        return Cost(self.bench, self.repo, ("git", "cat-file", "--batch"), self.blobs)

    def add(self, what, target, floor, argv, before=None):
        say(f"  {what}")
        took = []
        for _ in range(self.args.samples):
            if before:
                before()
            took.append((floor(), Cost(self.bench, self.repo, argv)))
        clock, cores = (statistics.median(getattr(one, key) for _, one in took)
                        for key in ("clock", "cores"))
        ratio = statistics.median(one.clock / git.clock for git, one in took)
        least = statistics.median(git.clock for git, _ in took)
        memory = max(one.memory for _, one in took)
        self.lines.append((what, target, f"{clock:.2f} s", f"{ratio:.1f} × {least:.2f} s",
                           f"{cores:.2f} s", f"{memory:.0f} MB"))


def commits(bench, repo, samples):
    """One more task a commit, with buildq's hook and with one that does nothing, turn by turn."""
    hook = repo / ".git/hooks/post-commit"
    ours = hook.read_bytes()
    took = {True: [], False: []}
    chance = random.Random(8)
    for n in range(samples * 2):
        with_hook = n % 2 == 0
        hook.write_bytes(ours if with_hook else b"#!/bin/sh\nexit 0\n")
        one, _ = bench.commit(repo, f"queue/new/extra-{n:04}.md", task(10_000_000 + n, chance))
        if not with_hook:
            bench.run("buildq", "sync", "--quiet", cwd=repo)
        bench.quiet(repo)
        took[with_hook].append(one / 1e6)
    hook.write_bytes(ours)
    return took[True], took[False]


def measure(bench, args):
    repo = repository(bench, args.tasks)
    rows = Rows(bench, repo, args)
    check, sync = ("buildq", "sync", "--check"), ("buildq", "sync", "--quiet")
    rows.add("`sync --check`, no cache", "≤ 5 s", rows.texts, check, lambda: forget(repo))
    bench.run(*sync, cwd=repo)
    bench.quiet(repo)
    rows.add("`sync --check`, nothing changed", "≤ 0.3 s", rows.names, check)
    rows.add("`sync`, nothing changed", "", rows.names, sync)
    rows.add("`status`", "", rows.names, ("buildq", "status"))
    rows.add("`why TASK`", "", rows.names, ("buildq", "why", f"task-{args.tasks // 2:06}"))

    def one_more():
        text = task(20_000_000 + len(list((repo / "queue").glob("new/*"))), random.Random(9))
        bench.commit(repo, f"queue/new/more-{time.monotonic_ns()}.md", text)
        bench.quiet(repo)
        forget_plan(repo)

    rows.add("`sync --check`, one task is new", "", rows.names, check, one_more)
    say("  what the hook adds to a commit")
    with_hook, without = (statistics.median(took) for took in commits(bench, repo, args.commits))
    cost = f"{with_hook - without:.0f} ms"
    detail = f"{with_hook / without:.1f} × {without:.0f} ms"
    rows.lines.append(("commit of one more task, the hook", "≤ 50 ms", cost, detail, "", ""))
    if args.lint:
        rows.add("`lint`", "", rows.texts, ("buildq", "lint", "--json"))
    return rows.lines


def table(rows, tasks):
    rows = [(f"{tasks:,} task files, median of", "target", "reached", "against plain git",
             "of all cores", "memory"),
            ("---", "---:", "---:", "---:", "---:", "---:")] + rows
    widths = [max(len(row[i]) for row in rows) for i in range(6)]
    for row in rows:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")


def main():
    parse = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parse.add_argument("--bin", type=Path, help="a buildq binary; without it one is built")
    parse.add_argument("--dir", type=Path, help="where to work; default: the target folder")
    parse.add_argument("--tasks", type=int, default=100_000)
    parse.add_argument("--samples", type=int, default=5, help="runs per figure")
    parse.add_argument("--commits", type=int, default=10, help="commits per figure")
    parse.add_argument("--lint", action="store_true", help="measure `buildq lint` too")
    parse.add_argument("--keep", action="store_true", help="leave the repository, to be looked at")
    args = parse.parse_args()
    target = Path(os.environ.get("CARGO_TARGET_DIR", TOP / "target"))
    binary = args.bin
    if binary is None:
        subprocess.run(["cargo", "build", "--release", "--locked"], cwd=TOP, check=True)
        binary = target / "release/buildq"
    place = args.dir or target
    place.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="crowd-", dir=place)).resolve()
    bench = Bench(binary.resolve(), folder)
    try:
        table(measure(bench, args), args.tasks)
        cpus, system = os.cpu_count(), os.uname()
        git = bench.run("git", "--version", cwd=folder).removeprefix("git version ")
        load = os.getloadavg()[0]
        print(f"\n{cpus} cores, {system.sysname} {system.release}, git {git}, load {load:.1f}")
    finally:
        end_wakers(bench)
        if args.keep:
            say(f"{folder} stays")
        else:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
