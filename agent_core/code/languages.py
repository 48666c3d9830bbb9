"""Which language a file is written in, as far as it matters for its structure."""

from __future__ import annotations

import re

_BY_EXTENSION = {
    "python": "py pyi pyw bzl bazel",
    "javascript": "js mjs cjs jsx",
    "typescript": "ts mts cts",
    "tsx": "tsx",
    "go": "go",
    "rust": "rs",
    "java": "java",
    "kotlin": "kt kts",
    "scala": "scala sbt",
    "c": "c",
    "cpp": "cc cpp cxx c++ hh hpp hxx h++ ipp tpp inl ino cu cuh",
    "csharp": "cs csx",
    "ruby": "rb rake gemspec ru podspec",
    "php": "php phtml inc",
    "bash": "sh bash ksh bats ebuild",
    "swift": "swift",
    "lua": "lua",
    "markdown": "md markdown mdown mkd mdx",
    "rst": "rst",
}
_EXTENSIONS = {extension: name for name, listed in _BY_EXTENSION.items() for extension in listed.split()}
_BY_NAME = {
    "python": "sconstruct sconscript wscript build workspace tiltfile",
    "ruby": "rakefile gemfile vagrantfile podfile fastfile brewfile guardfile capfile",
    "bash": ".bashrc .bash_profile .bash_aliases .profile .zshrc .zprofile pkgbuild apkbuild",
}
_NAMES = {file: name for name, listed in _BY_NAME.items() for file in listed.split()}
_INTERPRETERS = {
    "python": "python",
    "pypy": "python",
    "node": "javascript",
    "nodejs": "javascript",
    "deno": "typescript",
    "bun": "typescript",
    "ruby": "ruby",
    "php": "php",
    "sh": "bash",
    "bash": "bash",
    "dash": "bash",
    "ksh": "bash",
    "zsh": "bash",
    "ash": "bash",
    "lua": "lua",
    "luajit": "lua",
    "scala": "scala",
    "kotlin": "kotlin",
    "swift": "swift",
}
_SHEBANG = re.compile(
    r"\ufeff?#!\s*(?:\S*/)?(?:env\s+(?:-\S+\s+|\w+=\S*\s+)*(?:\S*/)?)?([A-Za-z]+)[\d.]*(?:\s|$)"
)
_CPP = re.compile(
    r"^[ \t]*(?:class\s+\w|namespace\b|template\s*<|using\s|(?:public|private|protected)[ \t]*:)", re.M
)
_HEADER_LOOK = 20_000
_LINE_LOOK = 200


def language_of(path: str, text: str = "") -> str:
    """The language by extension, well-known name or shebang line; "" where none of ours fits.

    Args:
        path: The file's path; only its last part counts.
        text: The file's text, for files whose name does not tell.
    """
    name = path[path.rfind("/") + 1 :].lower()
    stem, dot, extension = name.rpartition(".")
    if dot and stem:
        if extension == "h":
            return "cpp" if _CPP.search(text, 0, _HEADER_LOOK) else "c"
        if extension in _EXTENSIONS:
            return "" if _foreign(extension, text) else _EXTENSIONS[extension]
    if name in _NAMES:
        return _NAMES[name]
    if text.startswith(("#!", "\ufeff#!")):
        shebang = _SHEBANG.match(text[:_LINE_LOOK])
        return _INTERPRETERS.get(shebang[1].lower(), "") if shebang else ""
    return ""


def _foreign(extension: str, text: str) -> bool:
    """Whether the file only shares its extension with a language: translations in `.ts`, any other `.inc`."""
    if extension == "inc":
        return "<?php" not in text[:_LINE_LOOK]
    return text.startswith(("<?xml", "\ufeff<?xml", "<!DOCTYPE"))
