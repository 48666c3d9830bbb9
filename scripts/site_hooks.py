"""What the site needs beside `docs/`: pictures and pages that lie elsewhere in the repository.

Links in the documents are those that hold in the repository; here they are made to hold on the site.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

_ROOT = Path(__file__).parent.parent
_PAGES = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
_PICTURE = re.compile(r"\(\.\./(snapshots/[^)\s]+\.svg)\)")
_SOURCE = re.compile(
    r"(?<!!)\[([^\]]+)\]\(\.\./(?:agent_core|benchmarks|stack|tui|examples|scripts|LICENSE)[^)]*\)"
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Take in the pictures that documents show, and the pages at the root."""
    shown = {
        unquote(path)
        for page in files.documentation_pages()
        for path in _PICTURE.findall(page.content_string)
    }
    for path in sorted(shown):
        files.append(File.generated(config, _name(path), abs_src_path=str(_ROOT / path)))
    for name, page in _PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(_ROOT / name)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Have links as the site has them; a link to a source is its name alone."""
    markdown = _PICTURE.sub(lambda found: f"({_name(unquote(found[1]))})", markdown)
    for name, own in _PAGES.items():
        markdown = markdown.replace(f"(../{name}", f"({own}")
    if page.file.src_path in _PAGES.values():
        markdown = markdown.replace("(docs/", "(")
    return _SOURCE.sub(r"\1", markdown)


def _name(path: str) -> str:
    """A picture's name on the site: signs that addresses have no place for are left out."""
    return "pictures/" + re.sub(r"[^\w.-]+", "-", path.removeprefix("snapshots/")).replace("-.svg", ".svg")
