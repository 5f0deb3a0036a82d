#!/bin/sh
# tries: to move, make and delete other branches, tags and the stash
# bare: works
git --git-dir "$REPO/.git" branch evil HEAD
git --git-dir "$REPO/.git" update-ref refs/heads/other "$BASE"
git --git-dir "$REPO/.git" tag -d v1
git --git-dir "$REPO/.git" update-ref -d refs/stash
echo "$BASE" > "$REPO/.git/refs/heads/evil2"
echo work > work
