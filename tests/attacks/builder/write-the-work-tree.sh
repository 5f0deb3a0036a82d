#!/bin/sh
# tries: to change the user's work tree and index
# bare: works
echo evil >> "$REPO/a.txt"
echo evil > "$REPO/new.txt"
GIT_DIR=$REPO/.git GIT_WORK_TREE=$REPO git add -A
echo work > work
