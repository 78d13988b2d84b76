"""RFC 3161 time stamps over the statement: that it existed at a time, on an authority's word.

The response is made elsewhere (`openssl ts`, or an authority over any channel) and only read
here; nothing opens a socket. It is checked at the time it names, so it holds when the
authority's certificates have expired. It says nothing of when a signature was made.
"""

from __future__ import annotations

import hashlib
import re
import stat
from dataclasses import dataclass
from datetime import UTC
from importlib import import_module
from pathlib import Path
from typing import Any

from slacheck.errors import Diagnostic, KeyFileError, SlacheckError

LARGEST_FILE = 2**20
"""Bytes of a response, or of a file of certificates."""
_DIGESTS = {"2.16.840.1.101.3.4.2.1": "sha256", "2.16.840.1.101.3.4.2.2": "sha384", "2.16.840.1.101.3.4.2.3": "sha512"}
"""Object identifiers of the digests that a time stamp may be over."""
_GRANTED = 0
_AGAIN = "`openssl ts -query -sha256 -cert -digest {digest} -out request.tsq` makes the request"


@dataclass(frozen=True, slots=True)
class Authorities:
    """Certificates of time-stamping authorities that the verifier believes.

    Parameters
    ----------
    name : str
        The file they were read from.
    certificates : tuple of cryptography.x509.Certificate
    """

    name: str
    certificates: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Stamp:
    """What is known of one time stamp, in a line for people; `fault` if it does not hold.

    `time` (ISO 8601, UTC) and the `authority` are there only if it was checked and holds.
    """

    told: str
    fault: str | None = None
    time: str | None = None
    authority: str | None = None


def read_authorities(path: Path) -> Authorities:
    """Certificates in a PEM file.

    Raises
    ------
    KeyFileError
        If it cannot be opened or holds none.
    """
    from cryptography.x509 import load_pem_x509_certificates

    try:
        return Authorities(str(path), tuple(load_pem_x509_certificates(_content(path))))
    except ValueError:
        fix = "give the authority's root certificate, 'BEGIN CERTIFICATE'"
        raise KeyFileError(Diagnostic(str(path), "no certificates in PEM form", fix=fix)) from None


def read_stamp(path: Path, payload: bytes) -> bytes:
    """The response in a file, if it is one over `payload` and can be checked later with a root certificate alone.

    Raises
    ------
    SlacheckError
        If it cannot be opened, is none, stamps something else, or lacks the authority's certificate.
    """
    raw, digest = _content(path), hashlib.sha256(payload).hexdigest()
    again = _AGAIN.format(digest=digest)
    try:
        response = _decoded(raw)
        granted, covered = response.status == _GRANTED, _covers(response, payload)
        certified = bool(response.signed_data.certificates)
    except ValueError as error:
        raise _unfit(path, _unreadable(error), again) from None
    if not granted:
        raise _unfit(path, "the authority did not grant the time stamp", again)
    if not covered:
        raise _unfit(path, f"a time stamp over something else than the statement of this pack ({digest})", again)
    if not certified:
        raise _unfit(path, "the response lacks the authority's certificate, which a request asks for by -cert", again)
    return raw


def examined_stamp(raw: bytes, payload: bytes, authorities: Authorities | None) -> Stamp:
    """A time stamp in a pack, held against the authorities.

    Raises
    ------
    SlacheckError
        If there are authorities, and the package that checks is not installed.
    """
    if authorities is None:
        return Stamp("time stamp present, not checked")
    try:
        response = _decoded(raw)
    except ValueError as error:
        return Stamp("", f"a time stamp is damaged: {_unreadable(error)}")
    try:
        holds = _holds(response, payload, authorities)
    except ValueError as error:
        return Stamp("", f"a time stamp does not hold against {authorities.name}: {_cause(error)}")
    if not holds:
        return Stamp("", "a time stamp is over something else than the statement")
    time = response.tst_info.gen_time.astimezone(UTC).isoformat().replace("+00:00", "Z")
    authority = _authority(response)
    told = f"time stamp: {time} by {authority}, verified with {authorities.name}"
    return Stamp(told, time=time, authority=authority)


def _decoded(raw: bytes) -> Any:
    response = _library().decode_timestamp_response(raw)
    response.tst_info.message_imprint  # noqa: B018 - a response without a token raises here
    return response


def _unreadable(error: ValueError) -> str:
    if "InvalidSetOrdering" in str(error):
        return (
            "its certificates do not stand in the order that DER demands, as OpenSSL writes several of them; "
            "ask the authority for a response with its own certificate alone"
        )
    return "not a time-stamp response (TimeStampResp, DER) as RFC 3161 has it"


def _cause(error: ValueError) -> str:
    """What the library says, without the names of its own source files."""
    verdict = re.search(r'Verify error: ([^"]*)', str(error))
    return verdict[1] if verdict else str(error).partition("ErrorStack")[0].strip(" :")


def _library() -> Any:
    try:
        return import_module("rfc3161_client")
    except ImportError:
        message = "time stamps need rfc3161-client; pip install 'slacheck[timestamp]'"
        raise SlacheckError(message) from None


def _covers(response: Any, payload: bytes) -> bool:
    imprint = response.tst_info.message_imprint
    name = _DIGESTS.get(imprint.hash_algorithm.dotted_string)
    return name is not None and bool(imprint.message == hashlib.new(name, payload).digest())


def _holds(response: Any, payload: bytes, authorities: Authorities) -> bool:
    """Whether it is over `payload`; ValueError if no authority stands behind it."""
    library = _library()
    builder = library.VerifierBuilder()
    for certificate in dict.fromkeys(authorities.certificates):
        builder = builder.add_root_certificate(certificate)
    if not _covers(response, payload):
        return False
    try:
        return bool(builder.build().verify_message(response, payload))
    except library.VerificationError as error:
        raise ValueError(str(error)) from None


def _authority(response: Any) -> str:
    """Subject of the certificate that signed; it was found among those of the response when that was verified."""
    from cryptography.x509 import load_der_x509_certificate

    signer = next(iter(response.signed_data.signer_infos))
    for certificate in map(load_der_x509_certificate, response.signed_data.certificates):
        if (certificate.issuer, certificate.serial_number) == (signer.issuer, signer.serial_number):
            return certificate.subject.rfc4514_string()
    raise ValueError("the response lacks the certificate that signed it")


def _content(path: Path) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise _unfit(path, "this is not a file")
        if status.st_size > LARGEST_FILE:
            raise _unfit(path, f"{status.st_size} bytes are more than such a file has ({LARGEST_FILE})")
        return path.read_bytes()
    except OSError as error:
        raise _unfit(path, f"cannot be opened: {error.strerror or error}") from error


def _unfit(path: Path, message: str, fix: str | None = None) -> KeyFileError:
    return KeyFileError(Diagnostic(str(path), message, fix=fix))
