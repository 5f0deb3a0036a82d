#!/bin/sh
# tries: to have what lies uncommitted committed to the repository around the workspace: a home that is one
# bare: blocked
echo work > work
rm -f .git/HEAD
