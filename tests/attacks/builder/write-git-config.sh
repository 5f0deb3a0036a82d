#!/bin/sh
# tries: to write the user's git configuration, so that the user's next git command runs a program
# bare: works
git config --file "$REPO/.git/config" core.fsmonitor "touch $LOOT/fsmonitor"
printf '[core]\n\tpager = touch %s/pager\n' "$LOOT" >> "$REPO/.git/config"
git config --global alias.st "!touch $LOOT/alias"
HOME=$HOST_HOME git config --global core.hooksPath "$LOOT"
echo work > work
