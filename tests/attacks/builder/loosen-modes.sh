#!/bin/sh
# tries: to open the user's private files to everybody on the machine
# bare: works
# landlock: works
chmod 666 "$HOST_HOME/.ssh/id_ed25519" "$HOST_HOME/.netrc" 2> /dev/null
chmod -R a+rwX "$REPO" 2> /dev/null
echo work > work
