from __future__ import annotations

import subprocess
import sys
import textwrap


def run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


def test_what_libraries_print_goes_to_the_log_and_python_goes_where_it_went():
    done = run("""
        import os, sys
        from ditar_studio.audio.devices.stderr_filter import StderrFilter
        lines = []
        stderr_filter = StderrFilter(lines.append)
        stderr_filter.start()
        os.write(2, b"ALSA lib pcm.c: underrun\\n")
        print("a traceback", file=sys.stderr)
        stderr_filter.stop()
        os.write(2, b"afterwards\\n")
        print("and Python", file=sys.stderr)
        print(lines)
    """)
    assert done.stdout.strip() == "['ALSA lib pcm.c: underrun']"
    assert done.stderr.splitlines() == ["a traceback", "afterwards", "and Python"]


def test_an_endless_printer_is_held_back_and_costs_three_lines():
    done = run("""
        import os, threading, time
        from ditar_studio.audio.devices.stderr_filter import StderrFilter
        lines = []
        stderr_filter = StderrFilter(lines.append)
        stderr_filter.start()
        written = 0
        def spin():
            global written
            while True:
                written += os.write(2, b"Expression 'self->capture.ready' failed\\n")
        threading.Thread(target=spin, daemon=True).start()
        pause = threading.Event()
        pause.wait(0.5)
        before, cost = written, time.process_time()
        pause.wait(1.5)
        print(len(lines), written - before, time.process_time() - cost)
        os._exit(0)
    """)
    lines, written, cost = (float(word) for word in done.stdout.split())
    assert lines == 4  # three times the line, and that it is not repeated
    assert written < 1_000_000
    assert cost < 0.5
