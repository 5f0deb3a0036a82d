#!/bin/sh
# tries: to have the host write into the user's repository through a planted commondir
# bare: blocked
echo work > work && git add work && git commit -qm work
echo "$REPO/.git" > .git/commondir
