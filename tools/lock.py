"""Writes `requirements/service.txt` and `requirements/dev.txt` from what `.venv` holds.

    .venv/bin/python -m tools.lock

The packages that `pyproject.toml` names, and all that these need in turn, are pinned to the installed
versions; `service.txt` is what the service needs, `dev.txt` is what only the tests need beside it.
To upgrade: install newer versions into `.venv`, run the tests, write the locks.

There are no hashes in the locks, because PyTorch's CPU build has other ones than the registry's own
build of the same version; `knowledge.model_assembly` checks the model's packages itself.
"""

import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent

Needs = Mapping[str, Sequence[str]]
"""What each installed package says it requires, by canonical name."""


def closure(roots: Iterable[str], needs: Needs) -> set[str]:
    """The canonical names of the packages `roots` (as requirements), and of all they need.

    Raises KeyError, with the name, for one that isn't installed.
    """
    found: set[str] = set()
    waiting = [(Requirement(root), "") for root in roots]
    seen: set[tuple[str, str]] = set()
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        found.add(name)
        for wanted in ("", *requirement.extras):
            if (name, wanted) not in seen:
                seen.add((name, wanted))
                waiting += [(Requirement(need), wanted) for need in needs[name]]
    return found


def public_version(version: str) -> str:
    """The version without the part that names a build: 2.13.0+cpu is 2.13.0."""
    return version.partition("+")[0]


def main() -> int:
    """Writes both locks and says how many packages each holds."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    installed: dict[str, metadata.Distribution] = {
        canonicalize_name(each.metadata["Name"]): each for each in metadata.distributions()
    }
    needs = {name: each.requires or [] for name, each in installed.items()}
    build = ["setuptools"]  # builds the editable install of Bangban itself
    service = closure([*project["dependencies"], *extras["postgresql"], *build], needs)
    dev = closure(extras["dev"], needs) - service
    for name, packages in (("service", service), ("dev", dev)):
        path = ROOT / "requirements" / f"{name}.txt"
        pins = [f"{installed[each].metadata['Name']}=={public_version(installed[each].version)}"
                for each in sorted(packages)]  # fmt: skip
        path.write_text("\n".join([_HEADERS[name], *pins]) + "\n", "utf-8")
        sys.stdout.write(f"{path.relative_to(ROOT)}: {len(pins)} packages\n")
    return 0


_HEADERS = {
    "service": "# All packages of the service's environment, Python 3.11. Written by tools/lock.py.",
    "dev": "# What only the tests and checks need beside service.txt. Written by tools/lock.py.",
}


if __name__ == "__main__":
    sys.exit(main())
