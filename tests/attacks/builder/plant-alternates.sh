#!/bin/sh
# tries: to read another repository's objects through alternates, and to bring them into the branch
# bare: works
echo "$HOST_HOME/private/.git/objects" >> .git/objects/info/alternates
echo "/proc/1/root/$HOST_HOME/private/.git/objects" >> .git/objects/info/alternates
echo work > work && git add work && git commit -qm work
git update-ref HEAD "$(cat "$HOST_HOME/private/.git/refs/heads/main" 2>/dev/null || echo "$BASE")" 2>/dev/null
echo more > more
