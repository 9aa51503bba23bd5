#!/usr/bin/env bash
# packaging/constraints.txt: the versions that everything is built and tested with, for every system
# and Python. lock.sh keeps those that still suit pyproject.toml, lock.sh --upgrade takes the newest,
# lock.sh --check changes nothing and tells whether the file is in step. Needs uv.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
kept=packaging/constraints.txt
made=$(mktemp)
trap 'rm -f "$made"' EXIT
cp "$kept" "$made"
options=(--quiet --universal --python-version 3.11 --all-extras --group release --no-emit-index-url
    --no-annotate --custom-compile-command "bash packaging/lock.sh" --output-file "$made")
[ "${1:-}" != --upgrade ] || options+=(--upgrade)
uv pip compile pyproject.toml "${options[@]}"
if [ "${1:-}" = --check ]; then
    diff "$kept" "$made" || { echo "Run: bash packaging/lock.sh" >&2; exit 1; }
else
    cp "$made" "$kept"
fi
