"""Repositories with a long past: task files, builds, and a ledger of any length, as buildq would
have written them one by one. `git fast-import` writes them in seconds."""

import hashlib
import random
import re
import subprocess
import sys
import time

from measure import say

YEARS = 10
ROOT = "The ledger of this repository's builds\n\nOne event per commit.\n\nBuildq-Format: 1\n"
BODY = """The importer reads the file line by line and keeps the order of what it finds, so that a
second run gives the same result. Tests cover the empty file, one line, and a line that is cut short."""
TASK = """---
title: {title}
priority: low
estimate: 2h
---
Write part {n} of the importer in `src/importer/{n}.rs`: it reads the lines of one file, keeps their
order, and tells which of them could not be read.

## Completion criteria
- [ ] `importer {n}` prints what it has read
- [ ] `make test-importer-{n}` passes
"""


def blob_name(text):
    """The name that git gives to a file."""
    data = text.encode()
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Past:
    """Writes one ledger: `open_tasks` wait in the queue, the builds of `done_tasks` are over, and
    the events of all of them are `events`, spread over ten years."""

    def __init__(self, events, open_tasks, done_tasks):
        self.events, self.open, self.done = events, open_tasks, done_tasks
        self.chance = random.Random(7)
        self.end = int(time.time()) - 3600
        self.begin = self.end - YEARS * 365 * 86400
        self.written = 0

    def task(self, n):
        return f"task-{n:06}", TASK.format(n=n, title=f"Write part {n} of the importer")

    def commit(self, out, ref, at, message, rest="", who="Ada <ada@example.org>"):
        data = message.encode()
        out.write(f"commit {ref}\nauthor {who} {at} +0000\ncommitter {who} {at} +0000\n"
                  f"data {len(data)}\n".encode() + data + rest.encode())

    def files(self, out, ref):
        """The queue: open tasks in their place, the others where a finished build has put them."""
        self.commit(out, ref, self.begin, "Tasks", f"\nfrom {ref}^0\n")
        for n in range(self.open + self.done):
            name, text = self.task(n)
            folder = "queue" if n >= self.done else "queue/done"
            data = text.encode()
            out.write(f"M 100644 inline {folder}/{name}.md\ndata {len(data)}\n".encode() + data + b"\n")

    def event(self, out, kind, subject, facts, body=""):
        """One event, with the trailers in the order in which buildq writes them."""
        n = self.written
        self.written += 1
        at = self.begin + (self.end - self.begin) * n // max(self.events, 1)
        head = {"Event": kind, "Id": f"01{n:024d}"}
        lines = "".join(f"Buildq-{key}: {value}\n" for key, value in {**head, **facts}.items())
        message = f"{subject}\n\n{body}{lines}Buildq-Queue: {self.tip}\n"
        self.commit(out, "refs/heads/buildq", at, message, "\n", f"buildq on {self.runner} <buildq@localhost>")
        return head["Id"]

    def started(self, out, name, text, attempt):
        return self.event(out, "started", f"started: {name} attempt {attempt} on {self.runner}", {
            "Task": name, "Attempt": attempt, "Runner": self.runner, "Builder": "steps",
            "Source": blob_name(text), "Path": f"queue/{name}.md", "Base": self.base,
            "Title": text.splitlines()[1].removeprefix("title: "), "Estimate": "7200.0"})

    def ended(self, out, name, attempt, run, well):
        facts = {"Task": name, "Attempt": attempt}
        usage = {"Duration": "1834.0", "Cpu": "911.4", "Memory": 181_403_648, "Disk": 24_117_248}
        if well:
            facts |= {"Tip": self.base, "Work": self.base, "Criteria": "2/2"} | usage
            facts |= {"Check": "passed 12.4s, exit 0: make test", "Run": run}
            self.event(out, "succeeded", f"succeeded: {name} attempt {attempt} in 30m 34s", facts, BODY + "\n\n")
        else:
            facts |= {"Fault": "task", "Reason": "`make test` exited 1", "Tip": self.base} | usage
            facts |= {"Check": "failed 11.9s, exit 1: make test", "Run": run}
            self.event(out, "failed", f"failed: {name} attempt {attempt}: `make test` exited 1", facts, BODY + "\n\n")

    def build(self, out, n, count):
        """One build in `count` events: every fifth attempt fails and is made again."""
        name, text = self.task(n)
        attempt, run, left = 1, self.started(out, name, text, 1), count - 3
        while left > 0:
            if left >= 2 and self.chance.random() < 0.2:
                self.ended(out, name, attempt, run, False)
                attempt += 1
                run = self.started(out, name, text, attempt)
                left -= 2
                continue
            percent = min(99, 100 - 100 * left // max(count, 1))
            self.event(out, "progressed", f"progressed: {name} {percent}%, part {left} is left", {
                "Task": name, "Attempt": attempt, "Progress": percent,
                "Message": f"part {left} is left", "Tip": self.base, "Run": run})
            left -= 1
        self.ended(out, name, attempt, run, True)
        self.event(out, "merged", f"merged: {name} at {self.base[:7]} (accepted)", {
            "Task": name, "Attempt": attempt, "Commit": self.base, "How": "accepted", "Run": run})
        self.refs[f"refs/buildq/attempts/{name}/{attempt}"] = self.base

    def ledger(self, out):
        self.commit(out, "refs/heads/buildq", 0, ROOT, "\n", "buildq <buildq@localhost>")
        self.event(out, "runner", f"runner: {self.runner}", {"Runner": self.runner})
        self.event(out, "paused", "paused: everything: by hand", {"Reason": "by hand"})
        for n in range(self.done):
            later = self.done - n
            self.build(out, n, max(3, (self.events - self.written) // later))

    def into(self, bench, repo):
        """Writes queue, ledger and refs into a repository that buildq has been set up in."""
        told = bench.run("git", "log", "--format=%B", "buildq", cwd=repo)
        self.runner = re.search(r"^Buildq-Runner: (.*)$", told, re.M).group(1)
        self.base = bench.run("git", "rev-parse", "main", cwd=repo)
        self.refs = {}
        fast_import(bench, repo, lambda out: self.files(out, "refs/heads/main"))
        self.tip = bench.run("git", "rev-parse", "main", cwd=repo)
        bench.run("git", "update-ref", "-d", "refs/heads/buildq", cwd=repo)
        fast_import(bench, repo, self.ledger)
        for name in ("refs/heads/main", "refs/heads/buildq"):
            self.refs[name] = bench.run("git", "rev-parse", name, cwd=repo)
        bench.run("git", "pack-refs", "--all", cwd=repo)
        write_refs(repo, self.refs)
        bench.run("git", "repack", "-adq", cwd=repo)
        bench.run("git", "read-tree", "main", cwd=repo)
        return self


def fast_import(bench, repo, write):
    git = subprocess.Popen(["git", "fast-import", "--quiet", "--force"], cwd=repo, env=bench.env,
                           stdin=subprocess.PIPE)
    git.stdin.write(b"feature done\n")
    write(git.stdin)
    git.stdin.write(b"done\n")
    git.stdin.close()
    if git.wait() != 0:
        sys.exit("broken: git fast-import")


def write_refs(repo, more):
    """All refs in git's own packed file, as `git pack-refs` leaves them."""
    file = repo / ".git/packed-refs"
    lines = [line for line in file.read_text().splitlines() if line[:1] not in "#^"]
    refs = dict(reversed(line.split(" ", 1)) for line in lines) | more
    head = "# pack-refs with: peeled fully-peeled sorted \n"
    file.write_text(head + "".join(f"{refs[name]} {name}\n" for name in sorted(refs)))


def repository(bench, name, events, open_tasks, done_tasks):
    """A clone that is set up, paused, and has that past."""
    repo = bench.paused(name)
    say(f"  {open_tasks:,} open tasks, {done_tasks:,} builds and {events:,} events are made")
    Past(events, open_tasks, done_tasks).into(bench, repo)
    bench.made_here(repo)
    return repo
