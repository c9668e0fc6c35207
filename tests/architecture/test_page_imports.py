"""In the browser, pages stand on components, components on lib, and nothing looks upwards."""

import re
from pathlib import PurePosixPath

import pytest

from tests.architecture.source_tree import ROOT

SCRIPTS = ROOT / "server" / "static" / "js"
LAYERS = ("lib", "components", "pages")
IMPORT = re.compile(
    r"""^[ \t]*(?:import|export)\s+(?:[\w$*{},\s]+?\sfrom\s+)["']([^"']+)["']"""  # import {a} from "x"
    r"""|^[ \t]*import\s+["']([^"']+)["']"""  # import "x"
    r"""|\bimport\(\s*["']([^"']+)["']""",  # import("x")
    re.MULTILINE,
)

scripts = sorted(SCRIPTS.rglob("*.js"))


def layer_of(path):
    """0 for lib, 1 for components, 2 for pages, which are also the scripts at the top."""
    top = path.parts[0] if len(path.parts) > 1 else "pages"
    return LAYERS.index(top) if top in LAYERS else len(LAYERS) - 1


def targets_in(text):
    return [target for groups in IMPORT.findall(text) for target in groups if target]


@pytest.mark.parametrize("script", scripts, ids=lambda path: path.relative_to(SCRIPTS).as_posix())
def test_a_script_imports_only_from_its_layer_and_below(script):
    own = PurePosixPath(script.relative_to(SCRIPTS).as_posix())
    for target in targets_in(script.read_text("utf-8")):
        assert target.startswith(("./", "../")), f"{own} imports {target}: only our own files"
        assert target.endswith(".js"), f"{own} imports {target}: browsers need the file extension"
        resolved = (script.parent / target).resolve()
        assert resolved.is_file(), f"{own} imports {target}, which isn't there"
        imported = PurePosixPath(resolved.relative_to(SCRIPTS).as_posix())
        assert layer_of(imported) <= layer_of(own), f"{own} imports {imported}"


def test_imports_are_found_in_every_form_and_nowhere_else():
    text = """import { a,
  b } from "./a.js";
import * as all from './b.js';
import "./c.js";
export { d } from "../d.js";
const e = await import("./e.js");
export const f = "import nothing from here";
export function g() { return "g"; }
"""

    assert targets_in(text) == ["./a.js", "./b.js", "./c.js", "../d.js", "./e.js"]
    assert scripts
