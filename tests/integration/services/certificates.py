"""Certificates of an authority of our own, made with openssl."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Authority:
    """Signs certificates; `file` is what a caller must trust to believe them."""

    directory: Path

    @property
    def file(self) -> Path:
        return self.directory / "ca.pem"

    @classmethod
    def make(cls, directory: Path) -> Authority:
        authority = cls(directory)
        _openssl(
            directory,
            "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ours -keyout ca.key -out ca.pem"
            " -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign",
        )
        return authority

    def context(self, name: str, *, days: int = 2) -> ssl.SSLContext:
        """Return the context of a server with a certificate for `name`, such as `DNS:upper.test`.

        With a negative number of days it has ended.
        """
        stem = name.replace(":", "_")
        (self.directory / f"{stem}.ext").write_text(f"subjectAltName={name}\n")
        _openssl(
            self.directory,
            f"req -newkey rsa:2048 -nodes -subj /CN=x -keyout {stem}.key -out {stem}.csr",
        )
        _openssl(
            self.directory,
            f"x509 -req -in {stem}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days {days}"
            f" -extfile {stem}.ext -out {stem}.pem",
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.directory / f"{stem}.pem", self.directory / f"{stem}.key")
        return context


def _openssl(directory: Path, arguments: str) -> None:
    subprocess.run(
        ["openssl", *arguments.split()], cwd=directory, check=True, capture_output=True, timeout=60
    )
