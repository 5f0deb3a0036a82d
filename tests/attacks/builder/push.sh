#!/bin/sh
# tries: to push to the remote of the user's repository
# bare: works
echo evil > evil && git add evil && git commit -qm evil
url=$(git --git-dir "$REPO/.git" config remote.origin.url)
git push -q "$url" HEAD:refs/heads/evil
git push -q "$REMOTE" HEAD:refs/heads/evil HEAD:refs/heads/main --force
git --git-dir "$REPO/.git" push -q origin main:refs/heads/evil2
