#!/bin/sh
# tries: to hang whoever reads the workspace on pipes that nobody writes to
# bare: blocked
echo work > work && git add work && git commit -qm work
rm -f .git/index .git/packed-refs .git/info/exclude .git/config.worktree
for path in .git/index .git/packed-refs .git/info/exclude .git/config.worktree .gitignore pipe queue/pipe.md; do
  mkfifo "$path" 2>/dev/null
done
rm -f .git/buildq-workspace && mkfifo .git/buildq-workspace 2>/dev/null
:
