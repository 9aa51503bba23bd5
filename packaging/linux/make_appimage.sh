#!/usr/bin/env bash
# An AppImage of the frozen program: make_appimage.sh dist/ditar-studio
# appimagetool is fetched in the version that is named here, unless
# $APPIMAGETOOL names one that is there already.
set -euo pipefail

built=$(realpath "${1:?name the folder that PyInstaller made}")
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
version=$(python3 "$root/packaging/version.py")
architecture=$(uname -m)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

tree=$work/DiTAR-Studio.AppDir
install -d "$tree/usr/lib" "$tree/usr/share"/{applications,metainfo,icons/hicolor/scalable/apps}
cp -a "$built" "$tree/usr/lib/ditar-studio"
install -m 755 "$root/packaging/linux/AppRun" "$tree/AppRun"
install -m 644 "$root/packaging/linux/ditar-studio.desktop" "$tree/usr/share/applications/"
install -m 644 "$root/packaging/linux/io.github.ditar_studio.metainfo.xml" \
    "$tree/usr/share/metainfo/io.github.ditar_studio.appdata.xml"
install -m 644 "$root/resources/icons/app.svg" \
    "$tree/usr/share/icons/hicolor/scalable/apps/ditar-studio.svg"
ln -s usr/share/applications/ditar-studio.desktop "$tree/ditar-studio.desktop"
ln -s usr/share/icons/hicolor/scalable/apps/ditar-studio.svg "$tree/ditar-studio.svg"
ln -s ditar-studio.svg "$tree/.DirIcon"

tool=${APPIMAGETOOL:-}
if [ -z "$tool" ]; then
    tool=$work/appimagetool
    curl -fsSL --retry 3 --output "$tool" \
        "https://github.com/AppImage/appimagetool/releases/download/1.9.0/appimagetool-$architecture.AppImage"
    chmod +x "$tool"
fi
mkdir -p "$root/dist"
ARCH=$architecture APPIMAGE_EXTRACT_AND_RUN=1 "$tool" --comp zstd \
    --updateinformation "gh-releases-zsync|ditar-studio|ditar-studio|latest|*$architecture.AppImage.zsync" \
    "$tree" "$root/dist/DiTAR_Studio-$version-$architecture.AppImage"
