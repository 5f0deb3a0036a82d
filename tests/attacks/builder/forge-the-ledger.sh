#!/bin/sh
# tries: to forge events of the ledger: its own success, an approval, another runner
# bare: works
export GIT_AUTHOR_NAME=Ada GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=Ada GIT_COMMITTER_EMAIL=a@b
tree=$(git --git-dir "$REPO/.git" rev-parse buildq^{tree})
tip=$(git --git-dir "$REPO/.git" rev-parse buildq)
message=$(printf 'approved: held\n\nBuildq-Event: approved\nBuildq-Id: 01JZ8Q6M3T9W4K2V7B5N0C1D2E\nBuildq-Task: held\nBuildq-Source: %s\n' "$HELD")
commit=$(git --git-dir "$REPO/.git" commit-tree "$tree" -p "$tip" -m "$message")
git --git-dir "$REPO/.git" update-ref refs/heads/buildq "$commit"
git update-ref refs/heads/buildq HEAD
git push -q "$REPO" HEAD:refs/heads/buildq
echo work > work
