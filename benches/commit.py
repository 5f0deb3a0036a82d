#!/usr/bin/env python3
"""What a commit costs with buildq's hook, and how soon a builder works after it.

    benches/commit.py                  # builds the release binary first
    benches/commit.py --bin PATH       # measures another one
    benches/commit.py --samples 100    # steadier medians, longer run

Prints one table. A slow figure is no failure: the exit code is 0 unless something broke.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
SIZES = (1, 5000)
PATIENCE = 60  # seconds, for anything that is waited for

# Held by its priority, so that the hook and its sync are measured and no build.
HELD = """---
priority: low
---
Write the number {n} into `number.txt`.

## Completion criteria
- [ ] `number.txt` holds {n}
"""

# The first thing that the builder does is to note the time.
AT_ONCE = """---
priority: high
builder: {builder}
---
Note when the builder begins.

## Completion criteria
- [ ] `began.txt` is there

  ```sh
  date +%s%N >began.txt
  ```
"""

POLICY = """builder: steps
builders:
  script:
    command: [{script}]
windows:
  high: always
timezone: UTC
"""


class Bench:
    """A folder of its own for everything, with its own home and no settings of anybody."""

    def __init__(self, binary, folder):
        self.folder = folder
        self.binary = binary
        (folder / "bin").mkdir()
        (folder / "home").mkdir()
        (folder / "bin" / "buildq").symlink_to(binary)
        self.script = folder / "bin" / "note-time"
        self.script.write_text("#!/bin/sh\ndate +%s%N >began.txt\n")
        self.script.chmod(0o755)
        self.env = {
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(folder / "home"),
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
        }
        for key, value in {
            "user.name": "Ada",
            "user.email": "ada@example.org",
            "init.defaultBranch": "main",
            "gc.auto": "0",
            "maintenance.auto": "false",
        }.items():
            self.run("git", "config", "--global", key, value, cwd=folder)

    def run(self, *argv, cwd):
        done = subprocess.run(argv, cwd=cwd, env=self.env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(f"broken: {' '.join(map(str, argv))}\n{done.stdout}{done.stderr}")
        return done.stdout.rstrip("\n")

    def paused(self, name):
        """A repository that is set up, and paused so that nothing is built."""
        repo = self.folder / name
        repo.mkdir()
        self.run("git", "init", "-q", cwd=repo)
        (repo / "a.txt").write_text("first\n")
        self.run("git", "add", ".", cwd=repo)
        self.run("git", "commit", "-qm", "First", cwd=repo)
        self.run("buildq", "init", "--yes", "--no-heartbeat", "--builder", "steps", cwd=repo)
        self.run("buildq", "trust", "--yes", cwd=repo)
        self.run("buildq", "pause", cwd=repo)
        self.quiet(repo)
        return repo

    def made_here(self, repo):
        """As if all had been committed one by one: the clone's own hook would have seen each."""
        clones = (self.folder / "home/.local/share/buildq/clones").glob("*/commits")
        record = max(clones, key=lambda file: file.stat().st_ctime_ns)
        with record.open("a") as file:
            file.write(self.run("git", "rev-list", "main", cwd=repo) + "\n")

    def repository(self, files, name="buildq"):
        """One with buildq, one like it with a hook that does nothing."""
        watched = self.folder / f"{name}-{files}"
        watched.mkdir()
        self.run("git", "init", "-q", cwd=watched)
        for n in range(files):
            path = watched / f"src/{n // 100:03}/file{n:05}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{n}\n" * 20)
        (watched / "buildq.yaml").write_text(POLICY.format(script=self.script))
        self.run("git", "add", ".", cwd=watched)
        self.run("git", "commit", "-qm", "First", cwd=watched)
        self.run("buildq", "init", "--yes", cwd=watched)
        self.run("buildq", "trust", "--yes", cwd=watched)
        self.quiet(watched)

        plain = self.folder / f"{name}-{files}-plain"
        self.run("git", "clone", "-q", str(watched), str(plain), cwd=self.folder)
        hook = plain / ".git/hooks/post-commit"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\nexit 0\n")
        hook.chmod(0o755)
        return watched, plain

    def commit(self, repo, path, text):
        """Commits one file; answers how long `git commit` took, and when it ended, in ns."""
        full = repo / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text)
        self.run("git", "add", path, cwd=repo)
        argv = ["git", "commit", "-qm", "Change one file"]
        pipe = subprocess.PIPE
        begun = time.perf_counter_ns()
        done = subprocess.run(argv, cwd=repo, env=self.env, stdin=subprocess.DEVNULL,
                              stdout=pipe, stderr=pipe)
        took, ended = time.perf_counter_ns() - begun, time.time_ns()
        if done.returncode != 0:
            sys.exit(f"broken: git commit: {done.stderr.decode()}")
        return took, ended

    def quiet(self, repo):
        """Waits until the last commit's sync, and all that it started, has ended."""
        queue = self.run("git", "rev-parse", "main:queue", cwd=repo)
        seen = repo / ".git/buildq/seen.json"

        def settled():
            try:
                if json.loads(seen.read_text())["queue"] != queue:
                    return False
            except (OSError, ValueError, KeyError):
                return False
            return not at_work(str(repo.resolve()))

        wait(settled, f"the sync of {repo.name} does not end")


def at_work(place):
    """Whether a process of buildq other than the sleeping waker works for this repository."""
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                words = Path("/proc", entry, "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            ours = any(word.startswith(place.encode()) for word in words)
            if ours and (b"sync" in words or b"supervise" in words):
                return True
    return False


def wait(condition, complaint):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"broken: {complaint}")
        time.sleep(0.005)


def cost(bench, repos, samples, path, text):
    """How long `git commit` took with the hook that does nothing and with buildq's, in ms."""
    watched, plain = repos
    took = {watched: [], plain: []}
    for n in range(-3, samples):
        # Turn by turn, and each as often first, so that whatever else the machine does hits both.
        for repo in (watched, plain) if n % 2 else (plain, watched):
            one, _ = bench.commit(repo, path, text.format(n=n))
            if repo is watched:
                bench.quiet(watched)
            if n >= 0:  # the first few warm the caches
                took[repo].append(one / 1e6)
    return took[plain], took[watched]


def latency(bench, watched, samples, builder):
    """From the commit's end to the builder's first instruction, in ms, each sample."""
    waits = []
    for n in range(-1, samples):
        task = f"{builder}-{n + 1}"
        text = AT_ONCE.format(builder=builder)
        _, ended = bench.commit(watched, f"queue/{task}.md", text)
        built = f"succeeded: {task} "
        wait(lambda: built in bench.run("git", "log", "--format=%s", "buildq", cwd=watched),
             f"{task} is not built; see {watched}/.git/buildq/logs")
        bench.quiet(watched)
        began = int(bench.run("git", "show", f"build/{task}:began.txt", cwd=watched))
        # Each sample finds what a fresh repository has: nothing in review.
        bench.run("buildq", "cancel", task, cwd=watched)
        bench.quiet(watched)
        if n >= 0:
            waits.append((began - ended) / 1e6)
    return waits


def measure(bench, args):
    rows = []
    for files in SIZES:
        say(f"a repository of {files} file{'s'[:files - 1]}")
        repos = bench.repository(files)
        for what, target, path, text in (
            ("no task changed", 3, "src/000/counter.txt", "{n}\n"),
            ("a task changed", 6, "queue/number.md", HELD),
        ):
            say(f"  the cost of a commit, {what}")
            both = cost(bench, repos, args.samples, path, text)
            before, after = map(statistics.median, both)
            least = [statistics.quantiles(took, n=10)[0] for took in both]
            reached = f"{after - before:.1f} ms"
            detail = (f"{before:.1f} → {after:.1f} ms; "
                      f"of the fastest tenth {least[0]:.1f} → {least[1]:.1f} ms")
            rows.append((f"commit, {what}", f"{files}", f"≤ {target} ms", reached, detail))
        for builder in ("steps", "script"):
            say(f"  from the commit to the builder `{builder}`")
            waits = latency(bench, repos[0], args.builds, builder)
            reached = f"{statistics.median(waits):.0f} ms"
            detail = f"{min(waits):.0f} to {max(waits):.0f} ms, {len(waits)} builds"
            target = "≤ 300 ms" if files == 1 else ""
            rows.append((f"commit → builder `{builder}`", f"{files}", target, reached, detail))
        bench.run("buildq", "pause", cwd=repos[0])
    return rows


def table(rows):
    rows = [("median of", "files", "target", "reached", "in detail"),
            ("---", "---:", "---:", "---:", "---")] + rows
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    for row in rows:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")


def end_wakers(bench):
    """Ends the sleeping wakers of the repositories made here, by their own process ids."""
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                words = Path("/proc", entry, "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            ours = any(word.startswith(os.fsencode(bench.folder)) for word in words[1:])
            if ours and b"waker" in words:
                os.kill(int(entry), 15)


def say(text):
    print(text, file=sys.stderr, flush=True)


def main():
    parse = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parse.add_argument("--bin", type=Path, help="a buildq binary; without it one is built")
    parse.add_argument("--dir", type=Path, help="where to work; default: the target folder")
    parse.add_argument("--samples", type=int, default=60, help="commits per figure")
    parse.add_argument("--builds", type=int, default=20, help="builds per figure")
    args = parse.parse_args()
    target = Path(os.environ.get("CARGO_TARGET_DIR", TOP / "target"))
    binary = args.bin
    if binary is None:
        subprocess.run(["cargo", "build", "--release", "--locked"], cwd=TOP, check=True)
        binary = target / "release/buildq"
    place = args.dir or target
    place.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=place)).resolve()
    bench = Bench(binary.resolve(), folder)
    try:
        rows = measure(bench, args)
    except SystemExit:
        end_wakers(bench)
        say(f"{folder} stays, to be looked at")
        raise
    try:
        table(rows)
        cpus, system = os.cpu_count(), os.uname()
        git = bench.run("git", "--version", cwd=folder).removeprefix("git version ")
        release = ".".join(system.release.split(".")[:2])
        print(f"\n{cpus} cores, {system.sysname} {release}, git {git}")
    finally:
        end_wakers(bench)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
