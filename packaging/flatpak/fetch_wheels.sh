#!/usr/bin/env bash
# Fetch what the Flatpak installs into build/wheels, since a build has no network: the program's own
# wheel, and those that it needs in the versions of packaging/constraints.txt. Run with the Python
# version of the runtime.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
wheels=$root/build/wheels
mkdir -p "$wheels"
python3 -m pip wheel --no-deps --wheel-dir "$wheels" "$root"
python3 -m pip download --only-binary :all: --dest "$wheels" \
    --extra-index-url https://download.pytorch.org/whl/cpu \
    --constraint "$root/packaging/constraints.txt" "$wheels"/ditar_studio-*.whl
