#!/bin/sh
# >>> buildq >>>
# buildq hook, id 5e0c2b7a91d4, version 1, alone
# Lints the task files that are staged; only exit code 1 refuses. `buildq uninstall` removes it.
if command -v buildq >/dev/null 2>&1; then buildq hook @HOOK@ "$@"@STDIN@
elif [ -x @BUILDQ@ ]; then @BUILDQ@ hook @HOOK@ "$@"@STDIN@
fi
[ $? -ne 1 ]
# <<< buildq <<<
