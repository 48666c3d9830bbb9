"""The messages of the protocol, by the types of `lsprotocol`: imported here alone, when a server is started.

What servers send is read leniently: what is malformed is left out, and nothing is believed to be complete.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Mapping
from typing import Any, cast
from urllib.parse import unquote_to_bytes

from lsprotocol import types
from lsprotocol.converters import get_converter

from agent_core.lsp.api import Abilities, Said, Where
from agent_core.lsp.positions import Encoding, Spot

_MOST_SAID = 500
_MOST_PLACES = 200
_MOST_MESSAGE = 2_000
_LANGUAGE_IDS: Mapping[str, str] = {
    ".py": "python", ".pyi": "python", ".rs": "rust", ".go": "go",
    ".ts": "typescript", ".mts": "typescript", ".cts": "typescript", ".tsx": "typescriptreact",
    ".js": "javascript", ".mjs": "javascript", ".cjs": "javascript", ".jsx": "javascriptreact",
}  # fmt: skip
_HINT = 4
_converter = get_converter()


def language_id(path: str) -> str:
    """What the protocol calls the language of a file, by its name."""
    return _LANGUAGE_IDS.get(posixpath.splitext(path)[1].lower(), "plaintext")


def initialize(root_uri: str, root: str, *, pid: int | None, options: Mapping[str, Any]) -> Any:
    """The parameters of the first request; `pid` is this process's, None where the server cannot see it."""
    return _plain(
        types.InitializeParams(
            process_id=pid,
            client_info=types.ClientInfo(name="dspy-tui"),
            root_path=root,
            root_uri=root_uri,
            workspace_folders=[types.WorkspaceFolder(uri=root_uri, name=posixpath.basename(root) or "root")],
            initialization_options=dict(options),
            capabilities=types.ClientCapabilities(
                general=types.GeneralClientCapabilities(
                    position_encodings=[
                        types.PositionEncodingKind.Utf32,
                        types.PositionEncodingKind.Utf8,
                        types.PositionEncodingKind.Utf16,
                    ]
                ),
                text_document=types.TextDocumentClientCapabilities(
                    synchronization=types.TextDocumentSyncClientCapabilities(),
                    publish_diagnostics=types.PublishDiagnosticsClientCapabilities(version_support=True),
                    diagnostic=types.DiagnosticClientCapabilities(dynamic_registration=True),
                    definition=types.DefinitionClientCapabilities(link_support=True),
                    references=types.ReferenceClientCapabilities(),
                ),
                workspace=types.WorkspaceClientCapabilities(
                    configuration=True,
                    workspace_folders=True,
                    did_change_configuration=types.DidChangeConfigurationClientCapabilities(),
                    did_change_watched_files=types.DidChangeWatchedFilesClientCapabilities(
                        dynamic_registration=True
                    ),
                ),
                window=types.WindowClientCapabilities(work_done_progress=True),
                experimental={"serverStatusNotification": True},
            ),
        )
    )


def opened(uri: str, path: str, version: int, text: str) -> Any:
    """A document is open, with this text."""
    document = types.TextDocumentItem(uri=uri, language_id=language_id(path), version=version, text=text)
    return _plain(types.DidOpenTextDocumentParams(text_document=document))


def changed(uri: str, version: int, text: str) -> Any:
    """A document has another text as a whole."""
    return _plain(
        types.DidChangeTextDocumentParams(
            text_document=types.VersionedTextDocumentIdentifier(uri=uri, version=version),
            content_changes=[types.TextDocumentContentChangeWholeDocument(text=text)],
        )
    )


def of_document(uri: str) -> Any:
    """What names a document and nothing else: closing it, its symbols, its diagnostics."""
    return {"textDocument": _plain(types.TextDocumentIdentifier(uri=uri))}


def file_of(uri: str) -> str:
    """The path of an address of ours."""
    return os.fsdecode(unquote_to_bytes(uri.removeprefix("file://")))


def files_changed(changes: Iterable[tuple[str, int]]) -> Any:
    """Files on the disk are new (1), others (2) or gone (3), by their addresses."""
    events = [types.FileEvent(uri=uri, type=types.FileChangeType(kind)) for uri, kind in changes]
    return _plain(types.DidChangeWatchedFilesParams(changes=events))


def at(uri: str, spot: Spot, *, references: bool = False) -> Any:
    """What is asked about a place."""
    params: dict[str, Any] = {
        "text_document": types.TextDocumentIdentifier(uri=uri),
        "position": types.Position(line=spot.line, character=spot.character),
    }
    if references:
        context = types.ReferenceContext(include_declaration=False)
        return _plain(types.ReferenceParams(context=context, **params))
    return _plain(types.DefinitionParams(**params))


def abilities_of(raw: Any) -> Abilities:
    """What the answer to the first request says that the server can do."""
    result = _table(raw)
    able = _table(result.get("capabilities"))
    commands = _table(able.get("executeCommandProvider")).get("commands")
    name = _table(result.get("serverInfo")).get("name")
    return Abilities(
        encoding=_encoding(able.get("positionEncoding")),
        pulls=bool(able.get("diagnosticProvider")),
        asks_tsserver=isinstance(commands, list) and "typescript.tsserverRequest" in commands,
        defines=bool(able.get("definitionProvider")),
        refers=bool(able.get("referencesProvider")),
        name=name[:80] if isinstance(name, str) else "",
    )


def said_of(raw: Any) -> tuple[Said, ...]:
    """The diagnostics of a list; hints, which mark what is unused, are no complaint."""
    said = (_said(each) for each in _items(raw, _MOST_SAID))
    return tuple(each for each in said if each is not None and each.severity < _HINT)


def said_in(answer: Any) -> tuple[Said, ...]:
    """The diagnostics of an answer to being asked for them."""
    return said_of(_table(answer).get("items"))


def said_by_tsserver(raw: Any) -> tuple[Said, ...]:
    """The diagnostics of tsserver's own answer, which counts from 1."""
    body = _table(raw).get("body")
    return tuple(each for each in map(_said_by_tsserver, _items(body, _MOST_SAID)) if each is not None)


def places_of(raw: Any) -> tuple[Where, ...]:
    """The places of an answer: one, a list, or links."""
    one: Any = raw
    items: list[Any] = [one] if isinstance(raw, dict) else _items(raw, _MOST_PLACES)
    return tuple(each for each in map(_place, items) if each is not None)


def _encoding(raw: Any) -> Encoding:
    return raw if raw in ("utf-8", "utf-32") else "utf-16"


def _said(raw: Any) -> Said | None:
    read = _read(raw, types.Diagnostic)
    if read is None:
        return None
    start = read.range.start
    return Said(
        spot=Spot(start.line, start.character),
        message=str(read.message)[:_MOST_MESSAGE],
        severity=int(read.severity or types.DiagnosticSeverity.Error),
        code="" if read.code is None else str(read.code)[:200],
    )


def _said_by_tsserver(raw: Any) -> Said | None:
    each = _table(raw)
    start = _table(each.get("startLocation") or each.get("start"))
    line, offset, message = start.get("line"), start.get("offset"), each.get("message") or each.get("text")
    if not isinstance(line, int) or not isinstance(offset, int) or not isinstance(message, str):
        return None
    severity = {"error": 1, "warning": 2}.get(str(each.get("category")), 3)
    code = each.get("code")
    return Said(
        spot=Spot(line - 1, offset - 1),
        message=message[:_MOST_MESSAGE],
        severity=severity,
        code=str(code) if isinstance(code, int) else "",
    )


def _place(raw: Any) -> Where | None:
    if "targetUri" in _table(raw):
        link = _read(raw, types.LocationLink)
        place = link and (link.target_uri, link.target_selection_range.start)
    else:
        location = _read(raw, types.Location)
        place = location and (location.uri, location.range.start)
    return Where(place[0], Spot(place[1].line, place[1].character)) if place else None


def _read(raw: Any, kind: type[Any]) -> Any:
    """The value as that type; None for what it is not."""
    if not isinstance(raw, dict):
        return None
    try:
        return _converter.structure(raw, kind)
    except Exception:  # noqa: BLE001 - cattrs raises whatever its hooks meet in what a server made up
        return None


def _plain(value: Any) -> Any:
    return _converter.unstructure(value)


def _table(raw: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", raw) if isinstance(raw, dict) else {}


def _items(raw: Any, most: int) -> list[Any]:
    return cast("list[Any]", raw)[:most] if isinstance(raw, list) else []
