#!/bin/sh
# tries: to approve a held task as the user would, and to write the record of approvals given here
# bare: works
(cd "$REPO" && env -i PATH="$PATH" HOME="$HOST_HOME" buildq approve held -m forged)
find "$HOST_HOME/.local/share/buildq" -name approvals | while read -r file; do echo "01JZ8Q6M3T9W4K2V7B5N0C1D2E held $HELD" >> "$file"; done
find "$HOST_HOME/.local/share/buildq" -name commits | while read -r file; do echo "$BASE" >> "$file"; done
echo work > work
