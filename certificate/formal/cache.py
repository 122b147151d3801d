"""Results of proofs, kept by the hash of everything that they depend on."""

import json
import os
import pathlib

from report import ROOT, digest


def default_folder() -> pathlib.Path:
    """In the build of a tree; beside an installation nothing is written."""
    if (ROOT / "CMakeLists.txt").exists():
        return ROOT / "build/prove"
    kept = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(kept) / "zahl/prove"


class Cache:
    """Files FOLDER/<hash>.json. Only what holds is kept:
    a failure is always shown by a run of its own."""

    def __init__(self, folder: pathlib.Path, is_used: bool = True):
        self.folder, self.is_used = folder, is_used

    def _path(self, key: str) -> pathlib.Path:
        return self.folder / f"{key}.json"

    def get(self, key: str) -> dict | None:
        path = self._path(key)
        if not self.is_used or not path.exists():
            return None
        try:
            return json.loads(path.read_text())
        except json.JSONDecodeError:
            return None

    def put(self, key: str, result: dict) -> None:
        if result["holds"]:
            self.folder.mkdir(parents=True, exist_ok=True)
            scratch = self._path(f"{key}.{os.getpid()}")
            scratch.write_text(json.dumps(result))
            scratch.replace(self._path(key))


def content(paths) -> str:
    """One hash of the names and contents of files."""
    return digest(*(part for path in paths for part in (path.name, path.read_text())))
