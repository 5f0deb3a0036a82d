"""The row of many writers: each appends events to one ledger at once, none may be lost."""

import subprocess
import sys
import time

from builds import TINY, place
from measure import Row, median, turns

WRITERS = 16

# What an append has to do at least, with nothing but git: a commit on the tip, synced to the disk,
# and a compare-and-swap of the ref; who was second begins again.
BARE = """
export GIT_CONFIG_COUNT=2 GIT_CONFIG_KEY_0=core.fsync GIT_CONFIG_VALUE_0=loose-object,reference
export GIT_CONFIG_KEY_1=core.fsyncMethod GIT_CONFIG_VALUE_1=fsync
n=0
while [ $n -lt $1 ]; do
  old=$(git rev-parse refs/heads/bare)
  new=$(git commit-tree -p $old -m "writer $2, number $n" "$old^{tree}") || exit 1
  git update-ref refs/heads/bare $new $old 2>/dev/null && n=$((n + 1))
done
"""
OURS = """
n=0
while [ $n -lt $1 ]; do buildq pause -m "writer $2, number $n" >/dev/null || exit 1; n=$((n + 1)); done
"""


def rate(bench, repo, script, each):
    """Appends per second of all writers together, from the first begin to the last end."""
    begun = time.perf_counter()
    writers = [subprocess.Popen(["sh", "-c", script, "sh", str(each), str(n)], cwd=repo, env=bench.env)
               for n in range(WRITERS)]
    if any([writer.wait() for writer in writers]):
        sys.exit("broken: a writer failed")
    return WRITERS * each / (time.perf_counter() - begun)


def told(bench, repo, ref):
    """How many of the writers' words stand on a branch."""
    return sum("writer " in line for line in bench.run("git", "log", "--format=%s", ref, cwd=repo).splitlines())


def append(bench, args):
    each, rounds = (3, 2) if args.quick else (10, 5)
    repo = place(bench, "writers", TINY)
    bench.run("buildq", "pause", cwd=repo)
    bench.quiet(repo)
    bench.run("git", "update-ref", "refs/heads/bare", "main", cwd=repo)
    ours, bare = turns(rounds, lambda: rate(bench, repo, OURS, each), lambda: rate(bench, repo, BARE, each))
    lost = [rounds * WRITERS * each - told(bench, repo, ref) for ref in ("buildq", "bare")]
    ratio = median(ours) / median(bare)
    detail = (f"{median(ours):.0f} against {median(bare):.0f} a second; of {rounds * WRITERS * each} events "
              f"{lost[0] or 'none'} lost")
    return [Row(f"append of an event, {WRITERS} writers at once", "≥ 0.8 × the rate", f"{ratio:.2f} ×",
                "a loop of `git commit-tree` and `git update-ref`, synced", detail, ratio >= 0.8 and lost == [0, 0])]
