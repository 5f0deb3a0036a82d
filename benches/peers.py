"""What a user could install instead, where it does the same job and is installed.

Each has a home of its own below the bench's folder; what was started is ended by its own command."""

import shutil
import statistics
import subprocess
import sys
import time

from commit import say

SLOOP = """version: 1
worktree_dir: .worktrees
agent:
  default_target: note
  targets:
    note:
      cmd: [{script}, "{{prompt}}"]
"""
FLOW = """stages:
  - name: build
    action: agent
    result_check: { builtin: commits }
"""
TICKET = """---
name: Note the time, number {n}
blocked_by: []
---

Note when the builder begins.
"""


def delays(bench, samples):
    """From a peer's being told of some work to the work's first instruction, in ms, by name."""
    found = {}
    for name, program, measure in (("sloop", "sloop", sloop), ("pueue", "pueued", pueue), ("nq", "nq", nq)):
        if shutil.which(program, path=bench.env["PATH"]) is None:
            say(f"  {name} is not installed")
            continue
        try:
            found[name] = measure(bench, samples)
            say(f"  {name}: {statistics.median(found[name]):.0f} ms")
        except (SystemExit, OSError, subprocess.SubprocessError) as trouble:
            say(f"  {name}: {trouble}")
    return found


def missing(bench, name):
    """Why there is no figure of a peer."""
    there = shutil.which(name, path=bench.env["PATH"])
    return "could not be measured" if there else "not installed"


def began(mark, program):
    """Waits for the first instruction's word; answers when it was, in ns."""
    end = time.monotonic() + 60
    while not (mark.exists() and mark.read_text().endswith("\n")):
        if time.monotonic() > end:
            sys.exit(f"broken: {program} starts nothing")
        time.sleep(0.002)
    at = int(mark.read_text())
    mark.unlink()
    return at


def noter(bench, name):
    """A script that notes when it began, and where it does so."""
    mark = bench.folder / f"{name}-began"
    script = bench.folder / "bin" / f"{name}-note"
    script.write_text(f"#!/bin/sh\ndate +%s%N >{mark}\n")
    script.chmod(0o755)
    return script, mark


def sloop(bench, samples):
    script, mark = noter(bench, "sloop")
    repo = bench.folder / "sloop"
    repo.mkdir()
    bench.run("git", "init", "-q", cwd=repo)
    (repo / "a.txt").write_text("first\n")
    bench.run("git", "add", ".", cwd=repo)
    bench.run("git", "commit", "-qm", "First", cwd=repo)
    bench.run("sloop", "init", cwd=repo)
    own = repo / ".agents/sloop"
    (own / "config.yaml").write_text(SLOOP.format(script=script))
    (own / "flows/default.yaml").write_text(FLOW)
    bench.run("git", "add", ".", cwd=repo)
    bench.run("git", "commit", "-qm", "sloop", cwd=repo)
    bench.run("sloop", "daemon", cwd=repo)
    waits = []
    try:
        for n in range(-1, samples):
            ticket = own / f"tickets/note-{n + 1}.md"
            ticket.write_text(TICKET.format(n=n + 1))
            bench.run("git", "add", ".", cwd=repo)
            bench.run("git", "commit", "-qm", "A ticket", cwd=repo)
            # Its daemon is at work before the command has ended: from its begin on.
            posted = time.time_ns()
            bench.run("sloop", "post", str(ticket.relative_to(repo)), cwd=repo)
            at = began(mark, "sloop")
            time.sleep(0.5)
            if n >= 0:
                waits.append((at - posted) / 1e6)
    finally:
        subprocess.run(["sloop", "daemon", "stop"], cwd=repo, env=bench.env, capture_output=True)
    return waits


def pueue(bench, samples):
    script, mark = noter(bench, "pueue")
    run = bench.folder / "pueue-run"
    run.mkdir(mode=0o700)
    env = {**bench.env, "XDG_RUNTIME_DIR": str(run)}
    subprocess.run(["pueued", "-d"], env=env, check=True, capture_output=True)
    waits = []
    try:
        time.sleep(1)
        for _ in range(samples):
            subprocess.run(["pueue", "add", "--", str(script)], env=env, check=True, capture_output=True)
            added = time.time_ns()
            waits.append((began(mark, "pueue") - added) / 1e6)
    finally:
        subprocess.run(["pueue", "shutdown"], env=env, capture_output=True)
    return waits


def nq(bench, samples):
    script, mark = noter(bench, "nq")
    place = bench.folder / "nq"
    place.mkdir()
    env = {**bench.env, "NQDIR": str(place)}
    waits = []
    for _ in range(samples):
        # It has put itself into the background: when it answers, the work may have begun.
        subprocess.run(["nq", str(script)], env=env, check=True, capture_output=True)
        queued = time.time_ns()
        waits.append((began(mark, "nq") - queued) / 1e6)
    return waits


def listing(bench, tasks):
    """How long taskwarrior takes to list the next of so many tasks, in seconds; `None` without it."""
    if shutil.which("task", path=bench.env["PATH"]) is None:
        return None
    home = bench.folder / "task"
    home.mkdir(exist_ok=True)
    (home / "taskrc").write_text(f"data.location={home}\nconfirmation=off\nverbose=nothing\n")
    env = {**bench.env, "TASKRC": str(home / "taskrc"), "TASKDATA": str(home)}
    text = ",\n".join(f'{{"description":"Write part {n} of the importer","priority":"L"}}' for n in range(tasks))
    subprocess.run(["task", "import", "-"], input=f"[{text}]", text=True, env=env, check=True, capture_output=True)

    def once():
        begun = time.perf_counter()
        done = subprocess.run(["task", "next"], env=env, capture_output=True)
        if done.returncode != 0:
            sys.exit("broken: task next")
        return time.perf_counter() - begun

    once()
    return statistics.median(once() for _ in range(5))
