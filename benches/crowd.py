#!/usr/bin/env python3
"""What a queue of 100,000 task files costs: `sync --check`, `status`, `why`, and one more commit.

    benches/crowd.py                   # builds the release binary first
    benches/crowd.py --bin PATH        # measures another one
    benches/crowd.py --tasks 20000     # a smaller queue

Prints one table. A slow figure is no failure: the exit code is 0 unless something broke.
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

from commit import TOP, Bench, end_wakers, say, table

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
    out = [b"feature done\n"]
    each = -(-tasks // HISTORY)
    for first in range(0, tasks, each):
        at = 1_700_000_000 + first
        out.append(f"commit refs/heads/main\ncommitter Ada <ada@example.org> {at} +0000\n".encode())
        out.append(b"data 5\nTasks\n")
        if first == 0:
            out.append(b"from refs/heads/main^0\n")
        for n in range(first, min(first + each, tasks)):
            text = task(n, chance).encode()
            out.append(f"M 100644 inline {path_of(n)}\ndata {len(text)}\n".encode() + text + b"\n")
    out.append(b"done\n")
    subprocess.run(["git", "fast-import", "--quiet"], cwd=repo, env=bench.env, check=True,
                   input=b"".join(out))
    bench.run("git", "reset", "-q", "--hard", cwd=repo)


def repository(bench, tasks):
    """Set up, paused so that nothing is built, with every task committed here."""
    repo = bench.folder / "repo"
    repo.mkdir()
    bench.run("git", "init", "-q", cwd=repo)
    (repo / "a.txt").write_text("first\n")
    bench.run("git", "add", ".", cwd=repo)
    bench.run("git", "commit", "-qm", "First", cwd=repo)
    bench.run("buildq", "init", "--yes", "--no-heartbeat", "--builder", "steps", cwd=repo)
    bench.run("buildq", "trust", "--yes", cwd=repo)
    bench.run("buildq", "pause", cwd=repo)
    bench.quiet(repo)
    say(f"  {tasks} tasks are made")
    fill(bench, repo, tasks)
    # As if they had been committed one by one: the clone's own hook would have seen each.
    ids = bench.run("git", "rev-list", "main", cwd=repo)
    record = next((bench.folder / "home/.local/share/buildq").glob("clones/*/commits"))
    with record.open("a") as file:
        file.write(ids + "\n")
    return repo


def forget(repo):
    shutil.rmtree(repo / ".git/buildq/cache", ignore_errors=True)


def timed(bench, repo, *argv, before=None, samples=5):
    took = []
    for _ in range(samples):
        if before:
            before()
        begun = time.monotonic()
        with open(bench.folder / "out", "wb") as out:
            subprocess.run(argv, cwd=repo, env=bench.env, check=True, stdout=out,
                           stdin=subprocess.DEVNULL)
        took.append((time.monotonic() - begun) * 1e3)
    return took


def row(what, tasks, target, took):
    detail = f"{min(took):.0f} to {max(took):.0f} ms, {len(took)} times"
    return (what, str(tasks), target, f"{statistics.median(took):.0f} ms", detail)


def commits(bench, repo, samples):
    """One more task a commit, with buildq's hook and with one that does nothing, turn by turn."""
    hook, aside = repo / ".git/hooks/post-commit", bench.folder / "hook"
    ours = hook.read_bytes()
    took = {True: [], False: []}
    chance = random.Random(8)
    for n in range(samples * 2):
        with_hook = n % 2 == 0
        hook.write_bytes(ours if with_hook else b"#!/bin/sh\nexit 0\n")
        one, _ = bench.commit(repo, f"queue/new/extra-{n:04}.md", task(10_000_000 + n, chance))
        bench.quiet(repo)
        took[with_hook].append(one / 1e6)
    hook.write_bytes(ours)
    aside.unlink(missing_ok=True)
    return took[True], took[False]


def measure(bench, args):
    tasks = args.tasks
    repo = repository(bench, tasks)
    check = ("buildq", "sync", "--check")
    rows = []
    say("  sync --check, cold")
    cold = timed(bench, repo, *check, before=lambda: forget(repo), samples=3)
    rows.append(row("`sync --check`, cold", tasks, "≤ 5000 ms", cold))
    say("  sync --check, nothing changed")
    bench.run("buildq", "sync", "--quiet", cwd=repo)
    bench.quiet(repo)
    rows.append(row("`sync --check`, nothing changed", tasks, "≤ 300 ms", timed(bench, repo, *check)))
    rows.append(row("`status`", tasks, "", timed(bench, repo, "buildq", "status")))
    name = f"task-{tasks // 2:06}"
    rows.append(row("`why TASK`", tasks, "", timed(bench, repo, "buildq", "why", name)))
    say("  one more task")
    with_hook, without = commits(bench, repo, args.samples)
    cost = statistics.median(with_hook) - statistics.median(without)
    detail = f"{statistics.median(without):.0f} → {statistics.median(with_hook):.0f} ms"
    rows.append(("commit of one more task", str(tasks), "", f"{cost:.0f} ms", detail))
    if args.lint:
        rows.append(row("`lint`", tasks, "", timed(bench, repo, "buildq", "lint", "--json", samples=1)))
    return rows


def main():
    parse = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parse.add_argument("--bin", type=Path, help="a buildq binary; without it one is built")
    parse.add_argument("--dir", type=Path, help="where to work; default: the target folder")
    parse.add_argument("--tasks", type=int, default=100_000)
    parse.add_argument("--samples", type=int, default=10, help="commits per figure")
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
        table(measure(bench, args))
    finally:
        end_wakers(bench)
        if args.keep:
            say(f"{folder} stays")
        else:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
