# The hook that was here before, with the same arguments, input and exit code.
if [ -x "$0.before-buildq" ]; then exec "$0.before-buildq" "$@"; fi
exit 0
