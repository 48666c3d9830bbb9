"""What completion scripts ask about the stack."""

from __future__ import annotations

SERVICES = r"""
    at=. folder=${DSPY_TUI_STACK_DIR:-docker/lightweight} before=
    for word in "$@"; do
        case $before in
            --workspace) at=$word ;;
            --out-dir) folder=$word ;;
        esac
        before=$word
    done
    case $folder in
        /*) ;;
        *) folder=$at/$folder ;;
    esac
    for file in "$folder/docker-compose.yml" "$folder/docker-compose.override.yml"; do
        [ -r "$file" ] && sed -n -e '/^services:/,/^[^ #]/s/^  \([A-Za-z0-9][A-Za-z0-9._-]*\):.*/\1/p' "$file"
    done
"""
"""The body of a function for sh, bash and zsh: prints the services that the files of the stack name, without
asking the engine. Its arguments are the words of the command line."""
