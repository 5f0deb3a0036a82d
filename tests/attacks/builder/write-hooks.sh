#!/bin/sh
# tries: to plant a hook in the user's repository
# bare: works
for hook in pre-commit post-checkout post-commit reference-transaction; do
  printf '#!/bin/sh\ntouch %s/hook\n' "$LOOT" > "$REPO/.git/hooks/$hook" && chmod +x "$REPO/.git/hooks/$hook"
done
echo work > work
