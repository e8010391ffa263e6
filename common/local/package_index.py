"""The package index that this machine's pip or uv is set up with. Standard library only."""

import configparser
import contextlib
import html
import os
import re
import urllib.request
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def configured_index() -> str | None:
    """The main index that uv's variables, or pip's variables and files, name. Defaults are left to uv and pip."""
    for variable in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        if given := os.environ.get(variable):
            return given
    return pip_option("index-url")


def index_for_uv() -> dict[str, str]:
    """Variables for uv: it reads none of pip's configuration, so what that says about the main index is handed on."""
    wanted = {
        "UV_DEFAULT_INDEX": configured_index(),
        "SSL_CERT_FILE": os.environ.get("PIP_CERT") or pip_option("cert"),
        # uv's own list of authorities lacks those that a company adds to its machines.
        "UV_SYSTEM_CERTS": "true" if SYSTEM_CERTIFICATES.exists() else None,
    }
    return {name: value for name, value in wanted.items() if value and not os.environ.get(name)}


def pip_option(name: str) -> str | None:
    """One of pip's global options. The most personal of its files wins, as it does for pip."""
    home = Path(os.environ.get("HOME") or "/")
    personal = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    files = [Path("/etc/xdg/pip/pip.conf"), Path("/etc/pip.conf"), home / ".pip/pip.conf", personal / "pip/pip.conf"]
    if given := os.environ.get("PIP_CONFIG_FILE"):
        files.append(Path(given))
    parser = configparser.RawConfigParser()
    for file in files:
        with contextlib.suppress(configparser.Error, OSError):
            parser.read(file)
    return parser.get("global", name, fallback=None)


def fetch_file(index: str, project: str, file: str) -> bytes:
    """A file of `project` from an index in the simple form. Raises OSError or ValueError when it is not to be had."""
    page = f"{index.rstrip('/')}/{project}/"
    for link in re.findall(r'href="([^"]+)"', _read(page).decode()):
        if file in unquote(html.unescape(link)):
            return _read(urljoin(page, html.unescape(link)))
    raise ValueError(f"{file} is not in the package index")


def _read(url: str) -> bytes:
    """Takes a name and password from the address, as pip does: indexes of companies ask for them."""
    parts = urlsplit(url)
    plain = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()
    passwords = urllib.request.HTTPPasswordMgrWithPriorAuth()
    if parts.username:
        passwords.add_password(None, plain, unquote(parts.username), unquote(parts.password or ""), True)
    opener = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(passwords))
    with opener.open(plain, timeout=60) as answer:
        return bytes(answer.read())
