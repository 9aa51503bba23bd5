"""Real sound devices on a machine without a sound card: a private PulseAudio with null sinks.

PortAudio sees `virtual_speakers` (played sound), `virtual_loopback` (records what was played
there), `virtual_mic` (hears what is played to `mic_feed`) and `default` (the speakers and the
microphone). Everything lives in one private folder and in environment variables, so that several
can run side by side and nothing outside is touched. PortAudio reads the variables when it is
initialised: use it from a new process, or before sounddevice is imported.
"""

from __future__ import annotations

import contextlib
import ctypes.util
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

PACKAGES = "pulseaudio pulseaudio-utils libasound2-plugins libportaudio2"

DEVICES: dict[str, tuple[str | None, str | None]] = {
    # name: (sink, source)
    "default": ("virtual_speakers", "virtual_mic"),
    "virtual_speakers": ("virtual_speakers", None),
    "virtual_loopback": (None, "virtual_speakers.monitor"),
    "virtual_mic": (None, "virtual_mic"),
    "mic_feed": ("mic_feed", None),
}


def missing() -> str:
    """Return why virtual audio can't run here, in words; empty if it can."""
    if sys.platform != "linux":
        return "virtual sound devices are made with PulseAudio, on Linux only"
    for program in ("pulseaudio", "pactl"):
        if shutil.which(program) is None:
            return f"{program} is not installed: sudo apt install {PACKAGES}"
    if ctypes.util.find_library("portaudio") is None:
        return f"PortAudio is not installed: sudo apt install {PACKAGES}"
    if not list(Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so")):
        return f"the ALSA plugin for PulseAudio is not installed: sudo apt install {PACKAGES}"
    return ""


class VirtualAudio:
    """One private sound server.

    Args:
        folder: an empty private folder with a short path (it holds a socket).
        rate: of the sinks, hertz.
    """

    def __init__(self, folder: Path, rate: int = 48000) -> None:
        self.folder = folder
        self.rate = rate
        self._daemon: subprocess.Popen[bytes] | None = None
        self._socket = folder / "native"
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)

    @property
    def pid(self) -> int:
        """Process of the running server."""
        if self._daemon is None:
            raise RuntimeError("the server does not run")
        return self._daemon.pid

    @property
    def environment(self) -> dict[str, str]:
        """Variables for processes that use these devices, and no others."""
        return {
            "PULSE_SERVER": f"unix:{self._socket}",
            "PULSE_RUNTIME_PATH": str(self.folder),
            "PULSE_COOKIE": str(self.folder / "cookie"),
            "ALSA_CONFIG_PATH": str(self.folder / "asound.conf"),
        }

    def start(self) -> None:
        """Start the server, or start it again, and wait until it answers."""
        self.configure(DEVICES)
        # Without norewinds the server replays what it has taken already.
        null = f"module-null-sink norewinds=1 rate={self.rate}"
        (self.folder / "default.pa").write_text(
            f"""
.fail
load-module module-native-protocol-unix socket={self._socket} auth-anonymous=1
load-module {null} sink_name=virtual_speakers channels=2
load-module {null} sink_name=mic_feed channels=1 channel_map=mono
load-module module-remap-source master=mic_feed.monitor source_name=virtual_mic
set-default-sink virtual_speakers
set-default-source virtual_mic
"""
        )
        (self.folder / "daemon.conf").write_text(
            f"""
default-sample-rate = {self.rate}
default-sample-format = float32le
resample-method = speex-float-5
exit-idle-time = -1
flat-volumes = no
realtime-scheduling = no
high-priority = no
enable-shm = no
default-fragments = 4
default-fragment-size-msec = 10
"""
        )
        self._socket.unlink(missing_ok=True)
        environment = {**os.environ, **self.environment}
        environment["PULSE_STATE_PATH"] = str(self.folder / "state")
        environment["PULSE_CONFIG"] = str(self.folder / "daemon.conf")
        environment["DBUS_SESSION_BUS_ADDRESS"] = ""
        with (self.folder / "log").open("ab") as log:
            self._daemon = subprocess.Popen(
                [
                    *("pulseaudio", "-n", "-F", str(self.folder / "default.pa")),
                    *("--daemonize=no", "--use-pid-file=no", "--log-target=stderr"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )
        deadline = time.monotonic() + 20
        while self.control("info", check=False).returncode:
            if self._daemon.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(
                    "PulseAudio did not start: " + (self.folder / "log").read_text()[-2000:]
                )
            time.sleep(0.05)

    def ensure(self) -> None:
        """Start the server again if a test has killed it; put the usual devices back."""
        if self._daemon is None or self._daemon.poll() is not None:
            self.start()
        else:
            self.configure(DEVICES)

    def configure(self, devices: dict[str, tuple[str | None, str | None]]) -> None:
        """Say which devices PortAudio finds at its next scan: name -> (sink, source)."""
        lines = ["pcm_type.pulse { }"]
        for name, (sink, source) in devices.items():
            # asym keeps each device one-way: a bare pulse PCM claims 32 channels both ways.
            lines.append(f'pcm.{name} {{ type asym hint {{ show on description "{name}" }}')
            for side, target in (("playback", sink), ("capture", source)):
                if target is not None:
                    server = f'server "unix:{self._socket}"'
                    lines.append(f'  {side}.pcm {{ type pulse {server} device "{target}" }}')
            lines.append("}")
        lines.append(f'ctl.default {{ type pulse server "unix:{self._socket}" }}')
        (self.folder / "asound.conf").write_text("\n".join(lines) + "\n")

    def control(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[bytes]:
        """Run `pactl` with these words."""
        return subprocess.run(
            ["pactl", *words],
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=20,
            check=check,
        )

    def say_to_microphone(self, path: Path) -> subprocess.Popen[bytes]:
        """Play a WAV file into the microphone; returns at once."""
        return subprocess.Popen(
            ["paplay", "-d", "mic_feed", str(path)], env={**os.environ, **self.environment}
        )

    @contextlib.contextmanager
    def noise_in_microphone(self, seconds: int = 120) -> Iterator[None]:
        """Send faint noise, as a real microphone has it; without any, programs take it
        for muted.
        """
        path = self.folder / "noise.wav"
        noise = np.random.default_rng(0).normal(0.0, 1e-4, 16000 * seconds)
        soundfile.write(path, noise, 16000)
        playing = self.say_to_microphone(path)
        try:
            yield
        finally:
            playing.kill()
            playing.wait()

    def freeze(self) -> None:
        """Make the server answer nothing any more."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen server go on."""
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End the server as a crash would."""
        daemon, self._daemon = self._daemon, None
        if daemon is not None:
            daemon.send_signal(signal.SIGCONT)
            daemon.kill()
            daemon.wait()
