#!/bin/sh
# tries: to change a task that the user has written and approved, before it starts
printf -- "$GOOD" > queue/held.md
git add -A && git commit -qm 'Make the task clearer'
