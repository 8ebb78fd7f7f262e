"""A real IMAP server (Debian's Dovecot) in a folder of its own, on loopback ports, for one user."""

import getpass
import imaplib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from maru.testing.ports import free_port

BINARY = "/usr/sbin/dovecot"
USER, PASSWORD = "box@outside.example", "open sesame"


class Dovecot:
    """Starts on ``with``; ``append`` puts mail into the inbox as another program would."""

    def __init__(self) -> None:
        # Not in pytest's folder: its parents are closed to the server's own user.
        self.folder = folder = Path(tempfile.mkdtemp(prefix="maru-dovecot-"))
        self.port, self.tls_port = free_port(), free_port()
        self.mail = folder / "mail"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Dovecot":
        self.mail.mkdir(parents=True, exist_ok=True)
        certificate, key = self._certificate()
        (self.folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}::::::\n")
        configuration = self.folder / "dovecot.conf"
        configuration.write_text(self._configuration(certificate, key))
        for path in (self.folder, self.mail):
            path.chmod(0o777)
        self._process = subprocess.Popen(
            [BINARY, "-F", "-c", str(configuration)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._wait()
        return self

    def __exit__(self, *_error: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _configuration(self, certificate: Path, key: Path) -> str:
        # Root may not read mail in Dovecot's eyes; a test that runs as root reads as the nobody of the house.
        owner = "nobody" if os.geteuid() == 0 else getpass.getuser()
        unprivileged = "" if os.geteuid() == 0 else f"default_internal_user = {owner}\ndefault_login_user = {owner}\n"
        if os.geteuid() == 0:
            shutil.chown(self.mail, "nobody")
        return f"""
base_dir = {self.folder}/run
state_dir = {self.folder}/state
log_path = {self.folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:{self.mail}
first_valid_uid = 1
{unprivileged}
passdb {{
  driver = passwd-file
  args = {self.folder}/users
}}
userdb {{
  driver = static
  args = uid={owner} gid=nogroup home={self.mail}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {self.port}
  }}
  inet_listener imaps {{
    port = {self.tls_port}
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""

    def _certificate(self) -> tuple[Path, Path]:
        certificate, key = self.folder / "cert.pem", self.folder / "key.pem"
        command = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=wrong.example",
        ]
        subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
        return certificate, key

    def _wait(self) -> None:
        for _ in range(600):
            try:
                with self.client():
                    return
            except (OSError, imaplib.IMAP4.error):
                time.sleep(0.1)
        log = self.folder / "dovecot.log"
        raise TimeoutError(log.read_text() if log.exists() else "dovecot wrote nothing")

    def client(self) -> imaplib.IMAP4:
        """A signed-in connection of somebody else."""
        connection = imaplib.IMAP4("127.0.0.1", self.port, timeout=60)
        connection.login(USER, PASSWORD)
        connection.select("INBOX")
        return connection

    def append(self, raw: bytes) -> None:
        """New mail arrives."""
        with self.client() as connection:
            connection.append("INBOX", "", imaplib.Time2Internaldate(time.time()), raw)

    def clear(self) -> None:
        """Removes every message."""
        with self.client() as connection:
            if connection.search(None, "ALL")[1] != [b""]:
                connection.store("1:*", "+FLAGS", "\\Deleted")
                connection.expunge()

    def flags(self) -> list[bytes]:
        """The flags of every message, as the server reports them."""
        with self.client() as connection:
            _state, found = connection.fetch("1:*", "(FLAGS)")
            return [item for item in found if isinstance(item, bytes)]

    def renumber(self) -> None:
        """Forgets all numbers, as a moved or restored mailbox does: a new UIDVALIDITY."""
        for path in self.mail.glob("dovecot*"):
            path.unlink()
        time.sleep(1.1)
