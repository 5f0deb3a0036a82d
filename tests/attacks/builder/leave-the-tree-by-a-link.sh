#!/bin/sh
# tries: to have the host follow links out of the workspace when leftovers are committed or the workspace is removed
# bare: blocked
ln -s "$HOST_HOME" home-link
ln -s / root-link
ln -s "$HOST_HOME/.ssh/id_ed25519" key-link
mkdir deep && cd deep && ln -s ../.. up && cd ..
mkdir -p .git/away && mv .git/buildq/* .git/away 2>/dev/null; rm -rf .git/buildq && ln -s "$HOST_HOME" .git/buildq
echo work > work
