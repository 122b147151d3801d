"""What a level of the certificate writes:
a table for people, JSON for programs (docs/certificate_rtl.md)."""

import argparse
import hashlib
import json
import pathlib
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]


class ProveError(Exception):
    """The input is at fault: what, where, and what would work, in one sentence."""


def sha256(path: pathlib.Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def digest(*parts: str) -> str:
    """A hash of several texts in this order."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


class Report:
    """The checks of one level, in the order in which they were added."""

    def __init__(self, level: int, title: str, show_progress: bool = True):
        self.level, self.title, self.show_progress = level, title, show_progress
        self.checks: list[dict] = []
        self.tools: dict[str, str] = {}
        self.hashes: dict[str, str] = {}
        self.begin = time.monotonic()

    def add(self, name: str, holds: bool, detail: str, **evidence) -> None:
        self.checks.append(
            {"name": name, "holds": bool(holds), "detail": detail, "evidence": evidence}
        )
        if self.show_progress:
            print(f"{'holds' if holds else 'FAILS'}  {name}: {detail}", flush=True)

    def hash_files(self, paths, root: pathlib.Path) -> None:
        for path in paths:
            name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
            self.hashes[name] = sha256(path)

    @property
    def holds(self) -> bool:
        return bool(self.checks) and all(check["holds"] for check in self.checks)

    def as_json(self) -> dict:
        return {
            "level": self.level,
            "title": self.title,
            "holds": self.holds,
            "checks": self.checks,
            "tools": self.tools,
            "hashes": self.hashes,
            "seconds": round(time.monotonic() - self.begin, 2),
        }

    def finish(self, json_path: str | None) -> int:
        """Writes the JSON file and the last line; returns the exit code."""
        if json_path:
            pathlib.Path(json_path).write_text(json.dumps(self.as_json(), indent=2) + "\n")
        failed = [check["name"] for check in self.checks if not check["holds"]]
        state = "holds" if self.holds else f"FAILS: {', '.join(failed) or 'nothing was checked'}"
        print(
            f"level {self.level} ({self.title}): {len(self.checks)} checks, "
            f"{time.monotonic() - self.begin:.1f} s: {state}"
        )
        return 0 if self.holds else 1


def run_main(main) -> None:
    """Calls main(); a ProveError or a missing package becomes one sentence and exit code 2."""
    try:
        sys.exit(main())
    except ProveError as error:
        sys.exit(_say(str(error)))
    except ImportError as error:
        sys.exit(
            _say(
                f"the Python package {error.name} is missing; install certificate/requirements.txt "
                "(scripts/setup --python)"
            )
        )


def _say(sentence: str) -> int:
    print(f"{pathlib.Path(sys.argv[0]).name}: {sentence}", file=sys.stderr)
    return 2


def parser(description: str, examples: str) -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(
        description=description,
        epilog="Examples:\n" + examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument("--json", metavar="FILE", help="where to write the result as JSON")
    return result
