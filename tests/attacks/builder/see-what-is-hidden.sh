#!/bin/sh
# tries: to tell by names and dates which secrets the user has
# bare: works
# landlock: works
for file in .ssh/id_ed25519 .aws/credentials .netrc; do
  [ -e "$HOST_HOME/$file" ] && echo "loot: there is a $file of $(date -r "$HOST_HOME/$file")" >> found
done
echo work > work
