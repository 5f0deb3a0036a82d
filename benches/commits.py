"""The rows of `git commit`: what it takes longer with buildq's hook than with one that does nothing."""

import statistics

from commit import HELD, SIZES, cost, say
from measure import Row


def rows(bench, args):
    samples = 10 if args.quick else 50
    done = []
    for files in SIZES:
        say(f"  a repository of {files} file{'s'[:files - 1]}")
        repos = bench.repository(files)
        for what, most, path, text in (
            ("no task changed", 3, "src/000/counter.txt", "{n}\n"),
            ("a task changed", 6, "queue/number.md", HELD),
        ):
            before, after = map(statistics.median, cost(bench, repos, samples, path, text))
            more = after - before
            named = f"`git commit`, {what}, {files:,} file{'s'[:files - 1]}"
            detail = f"{before:.1f} → {after:.1f} ms"
            done.append(Row(named, f"≤ {most} ms", f"{more:.1f} ms", "a hook that is `exit 0`", detail, more <= most))
        bench.run("buildq", "pause", cwd=repos[0])
    return done
