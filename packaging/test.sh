#!/usr/bin/env bash
# Set up what is missing and run all checks and tests. With --coverage it is also measured which
# lines the tests reach, which takes half as long again. Other arguments are passed on to pytest.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

set_up dev "xvfb xauth dbus at-spi2-core pulseaudio pulseaudio-utils libasound2-plugins
    speech-dispatcher" || exit 1
cd "$root" || exit 1
export QT_QPA_PLATFORM=${QT_QPA_PLATFORM:-offscreen} PYTHONUNBUFFERED=1
unset PYTHONDONTWRITEBYTECODE # whole programs are started often; each would compile everything anew
bin=$venv/bin
failed=()
coverage=()
if [ "${1:-}" = --coverage ]; then
    shift
    coverage=(--cov --cov-append --cov-report=)
    rm -f .coverage
fi

check() {
    local name=$1
    shift
    say "== $name"
    "$@" </dev/null || failed+=("$name")
}

# With arguments: those tests. Without: all of them, on all cores, but those that measure time or whose
# sound may have no gap one by one at the end. Nothing is run twice.
run_tests() {
    if [ $# -gt 0 ]; then
        "$bin/python" -m pytest -q "${coverage[@]}" "$@"
        return
    fi
    local code=0
    "$bin/python" -m pytest -q -m "not realtime" -n auto --maxprocesses 4 --dist loadfile \
        --no-loadscope-reorder `# whole programs come first, and do not keep one core waiting` \
        "${coverage[@]}" || code=1
    "$bin/python" -m pytest -q -m realtime "${coverage[@]}" tests/end_to_end || code=1
    return $code
}

check "ruff" "$bin/ruff" check .
check "format" "$bin/ruff" format --check .
check "import directions" "$bin/lint-imports"
check "types" "$bin/mypy"
check "tests" run_tests "$@"
if [ ${#coverage[@]} -gt 0 ]; then
    check "coverage" "$bin/coverage" report --skip-covered --fail-under 92
fi

if [ ${#failed[@]} -gt 0 ]; then
    say "Failed: ${failed[*]}"
    exit 1
fi
