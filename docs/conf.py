"""Sphinx configuration."""

import importlib
import pkgutil
from importlib.metadata import version as installed
from pathlib import Path

import mho

project = "mho"
author = "The mho developers"
release = installed("mho")
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
]
html_theme = "furo"
html_title = "mho"
exclude_patterns = ["_build"]
myst_enable_extensions = ["dollarmath", "amsmath"]
autodoc_typehints = "none"
autodoc_default_options = {
    "members": True,
    "undoc-members": False,
    # scikit-learn adds them to every estimator, with references into its own documentation
    "exclude-members": ", ".join(
        f"set_{method}_request"
        for method in ("fit", "predict", "predict_proba", "score")
    ),
}
autodoc_member_order = "bysource"
nitpicky = False


def write_reference() -> None:
    """One section for each public module, so that a new module needs no edit here."""
    lines = ["# Modules", "", "Made from the docstrings.", ""]
    for module in pkgutil.walk_packages(mho.__path__, "mho."):
        if module.name.startswith("mho.cli") or module.name.endswith("__main__"):
            continue
        if importlib.import_module(module.name).__doc__:
            lines += [
                f"## {module.name}",
                "",
                "```{eval-rst}",
                f".. automodule:: {module.name}",
            ]
            lines += ["```", ""]
    page = Path(__file__).parent / "reference" / "modules.md"
    text = "\n".join(lines)
    if not page.exists() or page.read_text() != text:
        page.write_text(text)


write_reference()
