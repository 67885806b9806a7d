"""How Sphinx builds the documentation; see build.py, which runs it."""

from pathlib import Path

from ctdc import __name__ as project_name

HERE = Path(__file__).parent

project = project_name
language = "en"
extensions = ["myst_parser"]
exclude_patterns = ["extra"]
myst_heading_anchors = 4
myst_all_links_external = False
# Anchors of headings are those that the usual renderers of Markdown give them.
html_theme = "_theme"
html_theme_path = [str(HERE)]
html_title = "Documentation of ctdc"
html_copy_source = False
html_show_sourcelink = False
html_use_index = False
html_domain_indices = False
html_show_sphinx = False
html_static_path = [
    str(HERE.parent / "src/ctdc/hub/site/assets/exit.js"),
    str(HERE.parent / "src/ctdc/hub/site/assets/icon.svg"),
]
pygments_style = "sphinx"
smartquotes = False
numfig = False
