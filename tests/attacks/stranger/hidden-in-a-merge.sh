#!/bin/sh
# tries: to hide a task in a merge commit, so that no single commit seems to have brought it
git checkout -qb side HEAD~1 && echo side > side.txt && git add -A && git commit -qm 'A side'
git checkout -q main && git merge -q --no-commit side
printf -- "$GOOD" > queue/hidden.md
git add -A && git commit -qm 'Merge side'
