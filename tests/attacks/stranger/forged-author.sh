#!/bin/sh
# tries: to pass for the user by name, address and date
printf -- "$GOOD" > queue/forged.md
git add -A
GIT_AUTHOR_NAME=Ada GIT_AUTHOR_EMAIL=ada@example.org GIT_COMMITTER_NAME=Ada GIT_COMMITTER_EMAIL=ada@example.org git commit -qm 'Add forged'
