#!/bin/sh
# tries: to move the branch `main` of the user's repository
# bare: works
echo evil > evil && git add evil && git commit -qm evil
git push -q --force "$REPO" HEAD:refs/heads/main
git --git-dir "$REPO/.git" fetch -q "$PWD" HEAD
git --git-dir "$REPO/.git" update-ref refs/heads/main FETCH_HEAD
git rev-parse HEAD > "$REPO/.git/refs/heads/main"
