#!/usr/bin/env bash
# A Debian package of the frozen program: make_deb.sh dist/ditar-studio
# Icons, menu entry and description are installed where desktops look for them.
set -euo pipefail

built=$(realpath "${1:?name the folder that PyInstaller made}")
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' "$root/ditar_studio/__init__.py")
architecture=$(dpkg --print-architecture)
# The program brings libraries of the system that it was made on, which need its glibc or a later one.
glibc=$(getconf GNU_LIBC_VERSION | cut -d" " -f2)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

mkdir -p "$tree"/{DEBIAN,opt,usr/bin,usr/share/{applications,metainfo,icons/hicolor/scalable/apps}}
cp -a "$built" "$tree/opt/ditar-studio"
ln -s /opt/ditar-studio/ditar-studio "$tree/usr/bin/ditar-studio"
cp "$root/packaging/linux/ditar-studio.desktop" "$tree/usr/share/applications/"
cp "$root/packaging/linux/io.github.ditar_studio.metainfo.xml" "$tree/usr/share/metainfo/"
cp "$root/resources/icons/app.svg" "$tree/usr/share/icons/hicolor/scalable/apps/ditar-studio.svg"
cat >"$tree/DEBIAN/control" <<CONTROL
Package: ditar-studio
Version: $version
Architecture: $architecture
Maintainer: The DiTAR Studio maintainers <maintainers@ditar-studio.invalid>
Section: sound
Priority: optional
Installed-Size: $(du -sk "$tree/opt" | cut -f1)
Depends: libc6 (>= $glibc), libportaudio2, libegl1, libgl1, libxkbcommon-x11-0, libdbus-1-3, libfontconfig1,
 libxcb-cursor0, libxcb-icccm4, libxcb-image0, libxcb-keysyms1, libxcb-randr0,
 libxcb-render-util0, libxcb-shape0, libxcb-xkb1
Description: clone a voice on your own computer and let it speak
 Record or load a few seconds of a voice, type, and hear the text in that voice while it is
 generated. Nothing leaves the machine.
CONTROL
package=$root/dist/ditar-studio_${version}_$architecture.deb
dpkg-deb --root-owner-group -Zzstd --build "$tree" "$package"
