#!/usr/bin/env python3
"""Fetch the source archive of ONNX's C++ library through pip's own configuration.

    fetch_onnx.py FOLDER

`pip download` would first set up a build environment for the archive, which
takes minutes and is not needed. So pip's finder is asked for the link (index,
mirrors, certificates and proxies as pip is configured here), and the archive
is loaded in pip's session and compared with the pinned hash.
"""

import hashlib
import pathlib
import sys

NAME, VERSION = "onnx", "1.23.2"
SHA256 = "008cb0467b2bbee41448acc7da8b6f4e704624cb0d327a2d5adafc7ce19bc5b8"
ARCHIVE = f"{NAME}-{VERSION}.tar.gz"


def download():
    """The archive's bytes, from wherever pip would take them."""
    from pip._internal.commands import create_command

    command = create_command("download")
    with command.main_context():
        options, _ = command.parse_args(["--quiet", "--no-deps", "--no-binary", ":all:", NAME])
        session = command.get_default_session(options)
        finder = command._build_package_finder(options, session)
        links = [c.link for c in finder.find_all_candidates(NAME) if c.link.filename == ARCHIVE]
        if not links:
            raise SystemExit(f"pip's index has no {ARCHIVE}")
        if links[0].is_file:
            return pathlib.Path(links[0].file_path).read_bytes()
        answer = session.get(links[0].url_without_fragment, timeout=60)
        answer.raise_for_status()
        return answer.content


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ARCHIVE
    data = path.read_bytes() if path.exists() else download()
    digest = hashlib.sha256(data).hexdigest()
    if digest != SHA256:
        path.unlink(missing_ok=True)
        raise SystemExit(f"{ARCHIVE}: sha256 is {digest}, expected {SHA256}")
    path.write_bytes(data)
    print(path)


if __name__ == "__main__":
    main()
