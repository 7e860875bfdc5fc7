"""A certificate authority for the tests, made by the openssl command when they run."""

import subprocess

import harness


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True,
                   timeout=harness.WAIT_SECONDS_MAX)


class Authority:
    """Signs certificates; `certificate` is its own."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.certificate = folder / f"{name}.pem"
        openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "2",
                "-subj", f"/CN={name}")

    def issue(self, name, days="1"):
        """(certificate, key) for `name` at 127.0.0.1; negative days: expired."""
        (self.folder / "san").write_text("subjectAltName=IP:127.0.0.1", encoding="ascii")
        openssl(self.folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        openssl(self.folder, "x509", "-req", "-in", f"{name}.csr", "-CA", self.certificate,
                "-CAkey", f"{self.name}.key", "-CAcreateserial", "-days", days,
                "-extfile", "san", "-out", f"{name}.pem")
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"
