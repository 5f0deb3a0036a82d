# >>> buildq >>>
# buildq hook, id 5e0c2b7a91d4, version 1, @HOW@
# Lints the task files that are staged; only exit code 1 refuses. `buildq uninstall` removes it.
if command -v buildq >/dev/null 2>&1; then buildq hook @HOOK@ "$@" </dev/null || [ $? -ne 1 ] || exit 1
elif [ -x @BUILDQ@ ]; then @BUILDQ@ hook @HOOK@ "$@" </dev/null || [ $? -ne 1 ] || exit 1
fi
@TAIL@# <<< buildq <<<
