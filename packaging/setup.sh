# Sourced by run.sh and test.sh: makes this checkout ready to use, and does nothing where it is.
#
#   set_up EXTRAS "more Debian packages"
#
# installs the missing ones of the Debian packages below (as root or by sudo), makes .venv and
# installs the package into it with the named extras. A stamp remembers what was installed for
# which pyproject.toml and kernels, so that a second run takes a moment.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=$root/.venv
export LANG=${LANG:-C.UTF-8} PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

runtime_packages="libportaudio2 libegl1 libgl1 libglib2.0-0 libxkbcommon0 libxkbcommon-x11-0
    libdbus-1-3 libfontconfig1 fontconfig fonts-dejavu-core libxcb-cursor0 libxcb-icccm4
    libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-xkb1
    libx11-xcb1"

say() { printf '%s\n' "$*" >&2; }

find_python() {
    local candidate
    for candidate in python3.12 python3.11 python3.13 python3 python3.14; do
        if command -v "$candidate" >/dev/null && "$candidate" -c '
import sys, venv, ensurepip
sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

missing_packages() {
    local name
    for name in "$@"; do
        # From Ubuntu 24.04 on some libraries carry the suffix t64.
        { dpkg-query -W -f '${db:Status-Status}\n' "$name" "${name}t64" 2>/dev/null || true; } |
            grep -x installed >/dev/null || printf '%s ' "$name"
    done
}

install_packages() {
    command -v dpkg-query >/dev/null || return 0
    local missing as_root=""
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ]; then
        if command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
            as_root=sudo
        else
            say "These system libraries are missing: $missing"
            say "Install them with: sudo apt-get install $missing"
            return 0
        fi
    fi
    say "Installing system libraries: $missing"
    export DEBIAN_FRONTEND=noninteractive
    local install="apt-get install -y -qq --no-install-recommends --no-upgrade $missing"
    $as_root $install >/dev/null 2>&1 </dev/null || {
        $as_root apt-get update -qq >/dev/null </dev/null || true
        $as_root $install >/dev/null </dev/null
    } || say "Some system libraries could not be installed: sound or windows may not work."
}

has_nvidia() {
    [ -e /dev/nvidiactl ] || [ -e /usr/lib/wsl/lib/nvidia-smi ]
}

# On Linux the usual torch brings 3.4 GB of CUDA: without a GPU its CPU build is taken, where that can
# be had, and the usual one where not.
install_cpu_torch() {
    [ "$(uname -s)" = Linux ] || return 0
    ! has_nvidia || return 0
    ! "$venv/bin/python" -c 'import sys, importlib.util as u
sys.exit(u.find_spec("torch") is None)' || return 0
    local torch
    torch=$(sed -n 's/^ *"\(torch[<>=][^"]*\)",$/\1/p' "$root/pyproject.toml")
    "$venv/bin/python" -m pip install -qq --no-deps --retries 2 --timeout 15 \
        --index-url https://download.pytorch.org/whl/cpu "$torch" >/dev/null 2>&1 </dev/null || true
}

# install_program EXTRAS
install_program() {
    "$venv/bin/python" -m pip install -qq -e "$root${1:+[$1]}" >&2 </dev/null
}

set_up() {
    local extras=$1 more=${2:-} python stamp wanted kernels=$root/ditar_studio/inference/kernels
    # shellcheck disable=SC2086
    install_packages $runtime_packages $more
    if [ -d "$venv" ] && ! "$venv/bin/python" -c '' 2>/dev/null; then
        say "The virtual environment is broken and is made anew."
        rm -rf "$venv"
    fi
    if [ ! -d "$venv" ]; then
        if ! python=$(find_python); then
            install_packages python3 python3-venv
            python=$(find_python) || {
                say "Python 3.11 or later with its venv module is needed: install python3-venv."
                return 1
            }
        fi
        "$python" -m venv "$venv" || { rm -rf "$venv"; return 1; }
    fi
    stamp=$venv/installed-$extras
    wanted=$(cat "$root/pyproject.toml" "${BASH_SOURCE[0]}" "$root/packaging/compile_kernels.py" \
        "$kernels"/*.[ch] | sha256sum; echo "$root")
    if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] &&
        ! { [ -z "$extras" ] && [ "$(cat "${stamp}dev" 2>/dev/null)" = "$wanted" ]; }; then
        say "Installing DiTAR Studio into $venv (a minute or two) ..."
        install_cpu_torch
        # The last try goes without kernels, and so without a compiler from PyPI.
        install_program "$extras" || install_program "$extras" ||
            HATCH_BUILD_NO_HOOKS=true install_program "$extras" || return 1
        [ "$(uname -m)" != x86_64 ] || [ -e "$kernels/kernels.so" ] ||
            say "No kernels were compiled: speech takes longer. See: bash packaging/run.sh doctor"
        # pip compiles what it copies, but not a checkout, and the first start would do it.
        "$venv/bin/python" -m compileall -q "$root/ditar_studio" >/dev/null || true
        printf '%s\n' "$wanted" >"$stamp"
    fi
}

# The judge of speaker similarity, for the demonstration; goes without where it can't be had.
set_up_judge() {
    local tried=$venv/judge-tried
    [ ! -e "$tried" ] || return 0
    say "Installing the judge of speaker similarity ..."
    { "$venv/bin/python" -m pip install -qq --no-deps Resemblyzer==0.1.4 &&
        "$venv/bin/python" -m pip install -qq "librosa>=0.10" "scipy>=1.11,<2" \
            "webrtcvad-wheels>=2.0.14"; } >/dev/null 2>&1 </dev/null ||
        say "It can't be had here; the similarity will not be measured."
    touch "$tried"
}
