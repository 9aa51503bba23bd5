#!/usr/bin/env bash
# Whether a built program works: smoke_test.sh PROGRAM. It must answer, diagnose itself and speak,
# and hold the kernels if this checkout has them.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
program=$(realpath "${1:?name the program to test}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export HOME=$folder XDG_DATA_HOME=$folder/data XDG_CONFIG_HOME=$folder/config
export XDG_CACHE_HOME=$folder/cache XDG_STATE_HOME=$folder/state
unset DISPLAY WAYLAND_DISPLAY PYTHONPATH VIRTUAL_ENV

"$program" --version
"$program" doctor | tee told
if [ -e "$root/ditar_studio/model/kernels/kernels.so" ] && ! grep -q "kernels: in use" told; then
    echo "the compiled kernels were left behind"
    exit 1
fi
"$program" demo --out spoken.wav
[ "$(stat -c %s spoken.wav)" -gt 48000 ] || { echo "spoken.wav is too short"; exit 1; }
if "$program" speak --voice Kathleen --text "###" --out nothing.wav; then
    echo "a text without words was not refused"
    exit 1
fi
echo "The program works."
