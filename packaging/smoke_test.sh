#!/usr/bin/env bash
# Whether a built program works: smoke_test.sh PROGRAM. It must answer, diagnose itself, speak, know its
# own speech, fine-tune a voice, serve speech to agents and other programs, and hold the kernels if this
# checkout has them.
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
if [ -e "$root/ditar_studio/inference/kernels/kernels.so" ] && ! grep -q "kernels: in use" told; then
    echo "the compiled kernels were left behind"
    exit 1
fi
"$program" demo --out spoken.wav 2> >(tee warned >&2)
if grep Warning warned; then
    echo "a package misses something"
    exit 1
fi
[ "$(stat -c %s spoken.wav)" -gt 48000 ] || { echo "spoken.wav is too short"; exit 1; }
if "$program" speak --voice Kathleen --text "###" --out nothing.wav; then
    echo "a text without words was not refused"
    exit 1
fi

"$program" verify spoken.wav || { echo "the watermark was not found"; exit 1; }
"$program" voices add Me --reference spoken.wav --fine-tune quick
initialize='{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-06-18", '
initialize+='"capabilities": {}, "clientInfo": {"name": "smoke test", "version": "1"}}}'
"$program" mcp <<<"$initialize" | grep serverInfo || { echo "agents get no answer"; exit 1; }

export DITAR_STUDIO_TOKEN=the-token-of-the-smoke-test
"$program" serve --port 18765 &
server=$!
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
curl -sf --retry 100 --retry-delay 1 --retry-connrefused --output served.wav \
    --header "Authorization: Bearer $DITAR_STUDIO_TOKEN" --json \
    '{"model": "tts-1", "voice": "Kathleen", "input": "Hello there.", "response_format": "wav"}' \
    http://127.0.0.1:18765/v1/audio/speech || { echo "no speech was served"; exit 1; }
[ "$(stat -c %s served.wav)" -gt 24000 ] || { echo "served.wav is too short"; exit 1; }
echo "The program works."
