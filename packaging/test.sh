#!/usr/bin/env bash
# Set up what is missing and run all checks and tests. Arguments are passed on to pytest.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

set_up dev "xvfb xauth pulseaudio pulseaudio-utils libasound2-plugins" || exit 1
cd "$root" || exit 1
export QT_QPA_PLATFORM=${QT_QPA_PLATFORM:-offscreen} PYTHONUNBUFFERED=1
bin=$venv/bin
failed=()

check() {
    local name=$1
    shift
    say "== $name"
    "$@" </dev/null || failed+=("$name")
}

check "ruff" "$bin/ruff" check .
check "import directions" "$bin/lint-imports"
check "types" "$bin/mypy"
check "tests" "$bin/python" -m pytest -q --cov --cov-report=term:skip-covered "$@"

if [ ${#failed[@]} -gt 0 ]; then
    say "Failed: ${failed[*]}"
    exit 1
fi
