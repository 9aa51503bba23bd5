#!/usr/bin/env bash
# A disk image of the application: make_dmg.sh "dist/DiTAR Studio.app"
#
# Signed with the Developer ID certificate in $CERTIFICATE (PKCS 12 in base64, $CERTIFICATE_PASSWORD),
# and notarised with the App Store Connect key in $NOTARY_KEY ($NOTARY_KEY_ID, $NOTARY_ISSUER). Without
# a certificate it is signed ad hoc, which runs after “Open anyway” in the privacy settings.
set -euo pipefail

app=${1:?name the application}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
image=$root/dist/DiTAR_Studio-$(python3 "$root/packaging/version.py")-$(uname -m).dmg
work=$(mktemp -d)
keychain=$work/signing.keychain-db
trap 'security delete-keychain "$keychain" 2>/dev/null || true; rm -rf "$work"' EXIT

identity=-
if [ -n "${CERTIFICATE:-}" ]; then
    base64 --decode <<<"$CERTIFICATE" >"$work/certificate.p12"
    secret=$(uuidgen)
    security create-keychain -p "$secret" "$keychain"
    security unlock-keychain -p "$secret" "$keychain"
    security import "$work/certificate.p12" -k "$keychain" -P "$CERTIFICATE_PASSWORD" \
        -T /usr/bin/codesign
    security set-key-partition-list -S apple-tool:,apple: -k "$secret" "$keychain" >/dev/null
    security list-keychains -d user -s "$keychain" login.keychain-db
    identity=$(security find-identity -v -p codesigning "$keychain" |
        sed -n 's/.*"\(Developer ID Application: .*\)"/\1/p' | head -1)
fi

options=(--force --options runtime --entitlements "$root/packaging/macos/entitlements.plist")
[ "$identity" = - ] || options+=(--timestamp)
# From the inside out: libraries first, the application last.
find "$app" -type f \( -name '*.dylib' -o -name '*.so' \) -print0 |
    xargs -0 codesign "${options[@]}" --sign "$identity"
codesign "${options[@]}" --sign "$identity" "$app"
codesign --verify --deep --strict "$app"

mkdir "$work/image"
cp -R "$app" "$work/image/"
ln -s /Applications "$work/image/Applications"
hdiutil create -volname "DiTAR Studio" -srcfolder "$work/image" -format ULMO -ov "$image"
[ "$identity" = - ] || codesign --sign "$identity" --timestamp "$image"

if [ -n "${NOTARY_KEY:-}" ]; then
    printf '%s' "$NOTARY_KEY" >"$work/key.p8"
    xcrun notarytool submit "$image" --wait --key "$work/key.p8" --key-id "$NOTARY_KEY_ID" \
        --issuer "$NOTARY_ISSUER"
    xcrun stapler staple "$image"
fi
