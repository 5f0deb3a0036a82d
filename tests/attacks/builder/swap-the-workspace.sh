#!/bin/sh
# tries: to swap the workspace's .git for a link to the user's repository
# bare: blocked
echo work > work && git add work && git commit -qm work
mv .git .git-real
ln -s "$REPO/.git" .git
