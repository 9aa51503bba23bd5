#!/usr/bin/env bash
# Whether Speech Dispatcher, as it is installed, finds the module of the installed Debian package by
# itself, and whether that tells its voices. With an argument modules are looked for in that folder.
set -euo pipefail

folder=$(mktemp -d)
export HOME=$folder XDG_RUNTIME_DIR=$folder XDG_CONFIG_HOME=$folder XDG_DATA_HOME=$folder/data
export SPEECHD_ADDRESS=unix_socket:$folder/socket
speech-dispatcher --run-single --communication-method unix_socket --socket-path "$folder/socket" \
    --pid-file "$folder/pid" --log-dir "$folder" --timeout 0 ${1:+--module-dir "$1"} &
server=$!
trap 'kill $server 2>/dev/null || true; wait $server 2>/dev/null || true; rm -rf "$folder"' EXIT
for _ in $(seq 600); do
    [ ! -e "$folder/socket" ] || break
    sleep 0.2
done
spd-say -O | grep -x ditar-studio
spd-say -o ditar-studio -L | grep -w Kathleen
