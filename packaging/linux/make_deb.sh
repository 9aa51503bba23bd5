#!/usr/bin/env bash
# A Debian package of the frozen program: make_deb.sh dist/ditar-studio
# Icons, menu entry, description, man page and copyright are installed where Debian looks for them.
# $PYTHON is one that has the program installed, for the man page.
set -euo pipefail

built=$(realpath "${1:?name the folder that PyInstaller made}")
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
version=$(python3 "$root/packaging/version.py")
architecture=$(dpkg --print-architecture)
# The program brings libraries of the system that it was made on, which need its glibc or a later one.
glibc=$(getconf GNU_LIBC_VERSION | cut -d" " -f2)
date=$(date -u -R -d "@${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct)}")
maintainer="The DiTAR Studio maintainers <ditar-studio@users.noreply.github.com>"
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

share=$tree/usr/share
install -d "$tree"/{DEBIAN,opt,usr/bin,usr/lib/speech-dispatcher-modules} \
    "$share"/{applications,metainfo,mime/packages,doc/ditar-studio,man/man1,lintian/overrides}
cp -a "$built" "$tree/opt/ditar-studio"
chmod -R u=rwX,go=rX "$tree/opt"
# (some licences in the packages' metadata may be executed, too)
find "$tree/opt" -type f \( -name '*.so*' -o -path '*.dist-info/*' \) -exec chmod a-x {} +
ln -s /opt/ditar-studio/ditar-studio "$tree/usr/bin/ditar-studio"
# Speech Dispatcher finds what lies here; the program knows by this name what it is asked for.
ln -s /opt/ditar-studio/ditar-studio "$tree/usr/lib/speech-dispatcher-modules/sd_ditar-studio"
install -m 644 "$root/packaging/linux/ditar-studio.desktop" "$share/applications/"
install -m 644 "$root/packaging/linux/io.github.ditar_studio.metainfo.xml" "$share/metainfo/"
install -m 644 "$root/packaging/linux/ditar-studio.mime.xml" "$share/mime/packages/ditar-studio.xml"
install -m 644 "$root/packaging/linux/lintian-overrides" "$share/lintian/overrides/ditar-studio"
install -Dm 644 "$root/resources/icons/app.svg" "$share/icons/hicolor/scalable/apps/ditar-studio.svg"
for size in 16 24 32 48 64 128 256 512; do
    folder=$share/icons/hicolor/${size}x$size/apps
    install -d "$folder"
    rsvg-convert --width "$size" --height "$size" --output "$folder/ditar-studio.png" \
        "$root/resources/icons/app.svg"
done
"${PYTHON:-python3}" "$root/packaging/man_page.py" | gzip -9n >"$share/man/man1/ditar-studio.1.gz"
{
    printf 'ditar-studio (%s) unstable; urgency=medium\n\n  * See /usr/share/doc/ditar-studio/CHANGELOG.md.gz.\n\n' "$version"
    printf ' -- %s  %s\n' "$maintainer" "$date"
} | gzip -9n >"$share/doc/ditar-studio/changelog.gz"
gzip -9nc "$root/CHANGELOG.md" >"$share/doc/ditar-studio/CHANGELOG.md.gz"
python3 "$root/packaging/linux/make_copyright.py" >"$share/doc/ditar-studio/copyright"

# One line, as Debian's policy has it. (libglib2.0-0t64: from Debian 13 and Ubuntu 24.04 on)
depends=$(tr -s '\n ' ' ' <<DEPENDS | sed 's/ $//'
libc6 (>= $glibc), libportaudio2, libegl1, libgl1, libxkbcommon-x11-0, libdbus-1-3, libfontconfig1,
libglib2.0-0t64 | libglib2.0-0, libxcb-cursor0, libxcb-icccm4, libxcb-image0, libxcb-keysyms1,
libxcb-randr0, libxcb-render-util0, libxcb-shape0, libxcb-xkb1
DEPENDS
)
cat >"$tree/DEBIAN/control" <<CONTROL
Package: ditar-studio
Version: $version
Architecture: $architecture
Maintainer: $maintainer
Section: sound
Priority: optional
Homepage: https://github.com/ditar-studio/ditar-studio
Installed-Size: $(du -sk "$tree" | cut -f1)
Depends: $depends
Suggests: speech-dispatcher
Description: clone a voice on your own computer and let it speak
 Record or load a few seconds of a voice, type, and hear the text in that
 voice while it is generated. Takes, loudness, subtitles and exports for audio
 programs; a command line, an OpenAI-compatible endpoint and servers for agents
 and Home Assistant beside the studio. Nothing leaves the machine.
CONTROL
(cd "$tree" && find usr opt -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
mkdir -p "$root/dist"
dpkg-deb --root-owner-group -Zxz --build "$tree" "$root/dist/ditar-studio_${version}_$architecture.deb"
