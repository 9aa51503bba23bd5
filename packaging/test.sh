#!/usr/bin/env bash
# Set up what is missing and run all checks and tests. Arguments are passed on to pytest.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

set_up dev "xvfb xauth dbus at-spi2-core pulseaudio pulseaudio-utils libasound2-plugins" || exit 1
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

# Tests of sound and time can fail on a machine that is busy with something else: what failed is run
# once more by itself, and only what fails again has failed.
run_tests() {
    "$bin/python" -m pytest -q --cov --cov-report=term:skip-covered "$@" && return 0
    [ $? = 1 ] || return 1
    say "== once more, what failed"
    "$bin/python" -m pytest -q --no-cov --last-failed --last-failed-no-failures none "$@"
}

check "ruff" "$bin/ruff" check .
check "import directions" "$bin/lint-imports"
check "types" "$bin/mypy"
check "tests" run_tests "$@"

if [ ${#failed[@]} -gt 0 ]; then
    say "Failed: ${failed[*]}"
    exit 1
fi
