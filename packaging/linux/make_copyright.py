"""Print Debian's copyright file (DEP-5), with the licences of all that is bundled.

Debian has the texts of the Apache and GNU licences, and wants no copies of them in this file: what
holds one is named by its place in the package.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXTS = "/opt/ditar-studio/_internal/ditar_studio/resources/licenses"
_KEPT_BY_DEBIAN = re.compile(
    r"Apache License\s+Version 2|GNU (LESSER |LIBRARY )?GENERAL PUBLIC LICENSE"
)


def main() -> None:
    print(
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
        "Upstream-Name: DiTAR Studio\n"
        "Source: https://github.com/ditar-studio/ditar-studio\n\n"
        "Files: *\n"
        "Copyright: the DiTAR Studio contributors\n"
        "License: Apache-2.0\n"
        " On Debian systems the text is in /usr/share/common-licenses/Apache-2.0."
    )
    for path in sorted((ROOT / "resources" / "licenses").glob("*.txt")):
        name, _, kind = path.stem.partition(" -- ")
        if name.startswith("ditar-studio"):
            continue
        short = re.sub(r"[^A-Za-z0-9.+-]+", "-", kind or "see-text").strip("-")
        print(
            f"\nFiles: opt/ditar-studio/*\nComment: {name}, bundled\n"
            f"Copyright: see the licence\nLicense: {short}-{re.sub('[^A-Za-z0-9]+', '-', name)}"
        )
        text = path.read_text("utf-8")
        if _KEPT_BY_DEBIAN.search(text):
            text = f"The text is in {TEXTS}/{path.name}; see /usr/share/common-licenses as well."
        for line in text.splitlines():
            print(f" {line.rstrip()}" if line.strip() else " .")


if __name__ == "__main__":
    main()
