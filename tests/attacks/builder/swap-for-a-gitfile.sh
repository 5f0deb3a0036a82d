#!/bin/sh
# tries: to swap the workspace's .git for a file that names the user's repository
# bare: blocked
mv .git ../gone 2>/dev/null || mv .git .gone
echo "gitdir: $REPO/.git" > .git
