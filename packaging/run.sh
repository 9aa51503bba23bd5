#!/usr/bin/env bash
# Set up what is missing and start DiTAR Studio. Without a display the main job is done instead: the
# bundled sample voice is cloned into demo.wav. Arguments are those of `ditar-studio`.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

set_up ""
if [ $# = 0 ] && ! "$venv/bin/python" -m ditar_studio.cli.display; then
    set_up_judge
fi
exec "$venv/bin/python" -m ditar_studio "$@"
