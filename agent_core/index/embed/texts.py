"""Texts as embedders are given them."""

from __future__ import annotations

from agent_core.index.embed.port import Purpose

MINILM_CHARS = 2048
"""Characters of a text that MiniLM looks at: its first 128 tokens take up less."""
_SEARCH = "Represent this sentence for searching relevant passages: "
_PREFIXES: tuple[tuple[str, str, str], ...] = (
    # What the authors of a model trained it with, by a part of its name: documents, queries.
    ("nomic-embed-code", "", "Represent this query for searching relevant code: "),
    ("nomic-embed", "search_document: ", "search_query: "),
    ("embeddinggemma", "title: none | text: ", "task: code retrieval | query: "),
    ("qwen3-embedding", "", "Instruct: Given a question, retrieve the code that answers it\nQuery: "),
    ("arctic-embed2", "", "query: "),
    ("arctic-embed-l-v2", "", "query: "),
    ("arctic-embed-m-v2", "", "query: "),
    ("arctic-embed", "", _SEARCH),
    ("mxbai-embed", "", _SEARCH),
    ("bge-m3", "", ""),
    ("bge-", "", _SEARCH),
    ("e5-", "passage: ", "query: "),
)


def prefix(model: str, purpose: Purpose) -> str:
    """What goes before a text so that the model tells documents from queries; "" for most models."""
    name = model.lower()
    for part, document, query in _PREFIXES:
        if part in name:
            return document if purpose == "document" else query
    return ""


def beginning(text: str, limit: int) -> str:
    """Its first `limit` characters; what cannot be UTF-8 (lone surrogates) becomes a question mark."""
    return text[:limit].encode(errors="replace").decode()
