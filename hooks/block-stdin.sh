# >>> buildq >>>
# buildq hook, id 5e0c2b7a91d4, version 1, @HOW@
# Tells buildq that there is something new; never fails this hook. `buildq uninstall` removes it.
# Both get what git says on standard input.
buildq_input=$(cat)
if command -v buildq >/dev/null 2>&1; then buildq hook @HOOK@ "$@" <<BUILDQ_INPUT || :
$buildq_input
BUILDQ_INPUT
elif [ -x @BUILDQ@ ]; then @BUILDQ@ hook @HOOK@ "$@" <<BUILDQ_INPUT || :
$buildq_input
BUILDQ_INPUT
else (
  # Neither answers: leave a mark that `buildq status` shows.
  buildq_dir=$(git rev-parse --git-common-dir)/buildq &&
    mkdir -p "$buildq_dir" && date >"$buildq_dir/hook-failed"
) || :; fi
if [ -n "$buildq_input" ]; then exec <<BUILDQ_INPUT
$buildq_input
BUILDQ_INPUT
else exec </dev/null; fi
unset buildq_input
@TAIL@# <<< buildq <<<
