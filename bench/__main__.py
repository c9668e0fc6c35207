"""`python -m bench`: says which measurements there are and how each is called.

Measurements take minutes to hours and some want data that doesn't ship, so each is its own program.
"""

import ast
from pathlib import Path

FOLDER = Path(__file__).parent


def main():
    for path in sorted(FOLDER.glob("[a-z]*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        documentation = ast.get_docstring(tree) or ""
        if any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in tree.body):
            calls = [line.strip() for line in documentation.splitlines() if "-m bench." in line]
            print(documentation.partition("\n")[0], *(f"    {call}" for call in calls), "", sep="\n")


if __name__ == "__main__":
    main()
