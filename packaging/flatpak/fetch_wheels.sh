#!/usr/bin/env bash
# Fetch what the Flatpak installs into build/wheels, since a build has no network: the program's own
# wheel, and those that it needs in the versions of packaging/constraints.txt. Run with the Python
# version of the runtime.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
wheels=$root/build/wheels
mkdir -p "$wheels"
# (one requirement is on PyPI as source only, so that nothing is just downloaded)
python3 -m pip wheel --wheel-dir "$wheels" \
    --extra-index-url https://download.pytorch.org/whl/cpu \
    --constraint "$root/packaging/constraints.txt" "${root}[mcp,wyoming]"
