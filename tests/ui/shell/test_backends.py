"""The backends of the program itself."""

from __future__ import annotations

import subprocess
import sys
import textwrap


def test_what_sound_libraries_print_goes_to_the_log_while_the_studio_runs() -> None:
    script = """
        import logging, os, sys
        logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(name)s: %(message)s")
        from ditar_studio.ui.shell.backends import system_backends
        backends = system_backends()
        os.write(2, b"ALSA lib pcm.c: underrun\\n")
        backends.close()
        os.write(2, b"afterwards\\n")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "ditar_studio.sound: ALSA lib pcm.c: underrun" in done.stdout
    assert done.stderr.splitlines() == ["afterwards"]
