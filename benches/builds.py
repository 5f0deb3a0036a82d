"""Rows in which something is built: how soon it begins, where it works, a thousand of them, and
what the process that watches over one takes."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

import peers
from commit import latency, wait
from measure import Row, median, say, seconds, turns

POLICY = """builder: tiny
builders:
  tiny:
    command: [{script}]
windows:
  high: always
  medium: always
timezone: UTC
max_review: 10000
"""
TASK = """---
priority: high
---
Write the number {n} into `number-{n}.txt`.

## Completion criteria
- [ ] `number-{n}.txt` holds {n}
"""
# Runs in the workspace: notes when it began, and when the folder that it stands in was made.
BORN = "#!/bin/sh\nnow=$(date +%s.%N)\nborn=$(stat -c %.9W .git)\necho $now $born >began.txt\n"
TINY = "#!/bin/sh\necho done >result-$BUILDQ_TASK.txt\n"
SLOW = "#!/bin/sh\necho begun >begun.txt\nwhile [ ! -e \"$HOME/stop\" ] && [ $((n += 1)) -lt 300 ]; do sleep 0.1; done\n"

# The same work by hand: a clone, a commit on a branch of its own, and a fetch of it.
BY_HAND = """
n=0
while [ $n -lt $1 ]; do
  git clone -q --shared . ../by-hand && (
    cd ../by-hand && echo done >result-$n.txt && git checkout -q -b build/hand-$n &&
    git add . && git commit -qm "Build $n") && git fetch -q ../by-hand build/hand-$n:refs/heads/hand/$n || exit 1
  rm -rf ../by-hand
  n=$((n + 1))
done
"""


def place(bench, name, script, files=1):
    """A repository in which everything that is committed is built at once, by this script."""
    program = bench.folder / "bin" / name
    program.write_text(script)
    program.chmod(0o755)
    repo = bench.folder / name
    repo.mkdir()
    bench.run("git", "init", "-q", cwd=repo)
    for n in range(files):
        path = repo / f"src/{n // 100:03}/file{n:05}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{n}\n" * 20)
    (repo / "buildq.yaml").write_text(POLICY.format(script=program))
    bench.run("git", "add", ".", cwd=repo)
    bench.run("git", "commit", "-qm", "First", cwd=repo)
    bench.run("buildq", "init", "--yes", "--no-heartbeat", cwd=repo)
    bench.run("buildq", "trust", "--yes", cwd=repo)
    bench.quiet(repo)
    return repo


def start(bench, args):
    samples = 8 if args.quick else 20
    repo, _ = bench.repository(1, "start")
    ours = latency(bench, repo, samples, "script")
    bench.run("buildq", "pause", cwd=repo)
    what = "commit's end → builder's first instruction"
    mine = f"{statistics.median(ours):.0f} ms, {min(ours):.0f} to {max(ours):.0f}"
    others = peers.delays(bench, samples)
    for name in ("pueue", "nq"):
        if name in others:
            mine += f"; `{name}`, which makes no workspace: {statistics.median(others[name]):.0f} ms"
    if "sloop" not in others:
        return [Row(what, "≤ 1 ×", "", f"`sloop post` → same: {peers.missing(bench, 'sloop')}", mine)]
    theirs = statistics.median(others["sloop"])
    ratio = statistics.median(ours) / theirs
    detail = f"{mine}; `sloop` {theirs:.0f} ms"
    return [Row(what, "≤ 1 ×", f"{ratio:.2f} ×", "begin of `sloop post` → same", detail, ratio <= 1)]


def built(bench, repo, tasks):
    """Waits until all of these are in review."""
    def all_of_them():
        said = bench.run("git", "log", "--format=%s", "buildq", cwd=repo)
        return all(f"succeeded: {task} " in said for task in tasks)
    wait(all_of_them, f"{tasks[0]} is not built; see {repo}/.git/buildq/logs")


def workspace(bench, args):
    files, samples = (5_000, 3) if args.quick else (50_000, 5)
    repo = place(bench, "large", BORN, files)
    count = iter(range(1000))

    def ours():
        task = f"large-{next(count)}"
        bench.commit(repo, f"queue/{task}.md", TASK.format(n=task))
        built(bench, repo, [task])
        bench.quiet(repo)
        began, born = bench.run("git", "show", f"build/{task}:began.txt", cwd=repo).split()
        bench.run("buildq", "cancel", task, cwd=repo)
        bench.quiet(repo)
        return float(began) - float(born)

    def git():
        begun = time.perf_counter()
        bench.run("git", "worktree", "add", "-q", "--detach", "../by-git", "main", cwd=repo)
        spent = time.perf_counter() - begun
        bench.run("git", "worktree", "remove", "--force", "../by-git", cwd=repo)
        return spent

    mine, theirs = turns(samples, ours, git)
    ratio = median(mine) / median(theirs)
    detail = (f"{seconds(median(mine))} against {seconds(median(theirs))}; from the first file of the workspace "
              "to the builder's first instruction, so its prompt and walls too")
    return [Row(f"workspace ready, {files:,} files", "≤ 1 ×", f"{ratio:.2f} ×", "`git worktree add` of it",
                detail, ratio <= 1)]


def thousand(bench, args):
    count = 100 if args.quick else 1000
    repo = place(bench, "tiny", TINY)
    hand = bench.folder / "hand"
    bench.run("git", "clone", "-q", str(repo), str(hand), cwd=bench.folder)
    for place_of in (repo, hand):
        # Git's own maintenance, which is off elsewhere, belongs to so long a run: as git has it.
        bench.run("git", "config", "gc.auto", "6700", cwd=place_of)
        bench.run("git", "config", "maintenance.auto", "true", cwd=place_of)
    begun = time.perf_counter()
    subprocess.run(["sh", "-c", BY_HAND, "sh", str(count)], cwd=hand, env=bench.env, check=True)
    floor = time.perf_counter() - begun
    say(f"    by hand: {seconds(floor)}")
    tasks = [f"tiny-{n}" for n in range(count)]
    for n, task in enumerate(tasks):
        (repo / f"queue/{task}.md").write_text(TASK.format(n=n))
    bench.run("git", "add", "queue", cwd=repo)
    begun = time.perf_counter()
    bench.run("git", "commit", "-qm", "Tasks", cwd=repo)
    done, last = 0, begun
    while done < count:
        time.sleep(0.2)
        now = sum(line.startswith("succeeded: ") for line in
                  bench.run("git", "log", "--format=%s", "buildq", cwd=repo).splitlines())
        if now > done:
            done, last = now, time.perf_counter()
        if time.perf_counter() - last > 60:
            sys.exit(f"broken: only {done} of {count} are built; see {repo}/.git/buildq/logs")
    ours = time.perf_counter() - begun
    bench.quiet(repo)
    ratio = ours / floor
    detail = f"{seconds(ours / count)} against {seconds(floor / count)} each"
    return [Row(f"{count:,} tiny builds one after another", "≤ 2 ×", f"{ratio:.2f} ×",
                "a shell loop of `git clone --shared`, `commit`, `fetch`", detail, ratio <= 2)]


def supervisor(bench, args):
    repo = place(bench, "slow", SLOW)
    bench.commit(repo, "queue/slow.md", TASK.format(n=1))
    found = []

    def begun():
        found[:] = [pid for pid in supervisors(repo) if begun_by(bench, repo)]
        return bool(found)

    wait(begun, f"nothing is built; see {repo}/.git/buildq/logs")
    status = Path("/proc", found[0], "status").read_text()
    peak, now = (int(status.split(key)[1].split()[0]) / 1024 for key in ("VmHWM:", "VmRSS:"))
    bench.run("buildq", "cancel", "slow", cwd=repo)
    bench.quiet(repo)
    return [Row("memory of a supervisor", "≤ 12 MB", f"{peak:.1f} MB", "", f"{now:.1f} MB while the builder works",
                peak <= 12)]


def begun_by(bench, repo):
    """Whether the builder has begun: its attempt is in the ledger and something was printed or made."""
    return "started: " in bench.run("git", "log", "--format=%s", "buildq", cwd=repo)


def supervisors(repo):
    """The process ids of buildq's supervisors for this repository."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"supervise" in words and any(word.startswith(str(repo).encode()) for word in words):
                yield entry.name
