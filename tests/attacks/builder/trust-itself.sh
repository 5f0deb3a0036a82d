#!/bin/sh
# tries: to trust a configuration that it has changed itself
# bare: works
(cd "$REPO" && env -i PATH="$PATH" HOME="$HOST_HOME" buildq trust --yes)
find "$HOST_HOME/.local/share/buildq" -name trusted.json | while read -r file; do echo '{}' > "$file"; done
(cd "$REPO" && env -i PATH="$PATH" HOME="$HOST_HOME" git config buildq.sandbox auto)
echo work > work
