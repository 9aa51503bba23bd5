"""Content Credentials (C2PA) in sound files: a signed statement that they are synthetic speech.

Written where the extra `credentials` is installed and the format carries them. Without a
certificate of the user's one is made on this machine, offline, once; readers then show the
statement as whole but from nobody they know. See docs/decisions/content-credentials.md.
"""

from __future__ import annotations

import datetime
import json
import os
from pathlib import Path
from typing import Any

from ditar_studio.audio.extras import Extra
from ditar_studio.errors import StudioError
from ditar_studio.store.files import replacing
from ditar_studio.version import __version__

CREDENTIALS = Extra("Content Credentials", "credentials", ("c2pa", "cryptography"))

CERTIFICATE_VARIABLE = "DITAR_STUDIO_CERTIFICATE"
"""Names a file of one's own, PEM: the private key (ES256), its certificate and those above it."""

TYPES = {"WAV": "audio/wav", "FLAC": "audio/flac", "MP3": "audio/mpeg", "MP4": "audio/mp4"}
"""Of the containers that carry them; Ogg does not."""

_SYNTHETIC = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
_YEARS = 10


def sign(path: Path, container: str) -> None:
    """Put Content Credentials into a sound file, if its format carries them and the extra is there.

    Args:
        path: is replaced when they are in it.
        container: of libsndfile, or "MP4".

    Raises:
        StudioError: the certificate can't be read or made, or does not do for signing, or the extra
            doesn't work; the file is as it was.
    """
    if container not in TYPES or not CREDENTIALS.installed:
        return
    c2pa = _library()
    agent = {"name": "DiTAR Studio", "version": __version__}
    created = {
        "action": "c2pa.created",
        "digitalSourceType": _SYNTHETIC,
        "softwareAgent": agent,
    }
    manifest = {
        "claim_generator_info": [agent],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [created]}}],
    }
    key, chain = _certificate()
    try:
        info = c2pa.C2paSignerInfo(alg=b"es256", sign_cert=chain, private_key=key, ta_url=None)
        with (
            replacing(path) as partial,
            path.open("rb") as source,
            partial.open("w+b") as result,
            c2pa.Signer.from_info(info) as signer,
            c2pa.Builder(manifest) as builder,
        ):
            builder.sign(signer, TYPES[container], source, result)
    except c2pa.C2paError as error:
        raise StudioError(
            f"The Content Credentials can't be signed: {str(error)[:200]}.",
            f"Check the certificate that {CERTIFICATE_VARIABLE} names, or let one be made.",
        ) from error


def named_program(path: Path) -> str | None:
    """Return which program a file's Content Credentials name if they are whole, or None.

    Raises:
        StudioError: the extra doesn't work.
    """
    if not CREDENTIALS.installed:
        return None
    c2pa = _library()
    try:
        with c2pa.Reader(path) as reader:
            manifest: dict[str, Any] = json.loads(reader.json())
    except c2pa.C2paError:
        return None
    if manifest.get("validation_state") not in ("Valid", "Trusted"):
        return None
    claim = manifest["manifests"][manifest["active_manifest"]]
    return str(claim.get("claim_generator_info", [{}])[0].get("name", ""))


def _library() -> Any:
    """Return the module c2pa, which loads a library of the machine's kind."""
    try:
        import c2pa
    except (ImportError, OSError, RuntimeError) as error:
        raise StudioError(
            f"The Content Credentials don't work here: {str(error)[:200]}.",
            "Install c2pa-python again, or remove it.",
        ) from error
    return c2pa


def _certificate() -> tuple[bytes, bytes]:
    """Return the private key, and the certificates from its own upwards, as PEM."""
    import platformdirs

    chosen = os.environ.get(CERTIFICATE_VARIABLE)
    folder = platformdirs.user_data_path("ditar-studio", appauthor=False)
    path = Path(chosen).expanduser() if chosen else folder / "credentials.pem"
    try:
        if not chosen and not path.exists():
            with replacing(path, private=True) as partial:
                partial.write_bytes(_made())
        text = path.read_bytes()
    except OSError as error:
        raise StudioError(
            f"The certificate {path} can't be read or made: {error.strerror or error}.",
            "Check the path and the rights to it.",
        ) from error
    key, mark, chain = text.partition(b"-----END PRIVATE KEY-----\n")
    if not mark or b"BEGIN CERTIFICATE" not in chain:
        raise StudioError(
            f"{path} does not hold a private key and then its certificates.",
            "Write both into it as PEM, the key first.",
        )
    return key + mark, chain


def _made() -> bytes:
    """Return a new key and its certificate, signed by another key that nobody keeps."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    above, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    return b"".join(
        [
            key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain),
            _signed_by(above, key.public_key(), False).public_bytes(pem),
            _signed_by(above, above.public_key(), True).public_bytes(pem),
        ]
    )


def _signed_by(above: Any, key: Any, authority: bool) -> Any:
    """Return a certificate as C2PA wants it: the signer's is not signed by itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def name(text: str) -> x509.Name:
        organisation = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "DiTAR Studio")
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text), organisation])

    issuer = "An installation of DiTAR Studio"
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name(issuer if authority else "A user of DiTAR Studio"))
        .issuer_name(name(issuer))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=365 * _YEARS))
        .add_extension(x509.BasicConstraints(authority, 0 if authority else None), True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=not authority,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=authority,
                crl_sign=authority,
                encipher_only=False,
                decipher_only=False,
            ),
            True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(above.public_key()), False
        )
    )
    if not authority:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        made = made.add_extension(usage, False)
    return made.sign(above, hashes.SHA256())
