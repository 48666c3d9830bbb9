#!/usr/bin/env bash
# Builds the image `dspy-tui` from the wheel in dist/: see --help.
set -euo pipefail

usage() {
  cat << 'HELP'
usage: image.sh [--wheelhouse DIR] [--tag NAME]

Builds the image `dspy-tui`, tagged with its version and `latest`, from the wheel that `make dist` left in dist/.

  --wheelhouse DIR  take everything that it needs from the wheels in DIR, and build without a network
  --tag NAME        call it NAME instead
HELP
}

here=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-$here/.venv/bin/python}
wheels=
name=dspy-tui
while (($#)); do
  case $1 in
    --wheelhouse) wheels=${2:?"--wheelhouse needs a folder"}; shift 2 ;;
    --tag) name=${2:?"--tag needs a name"}; shift 2 ;;
    --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done

version=$(cd "$here" && "$python" -c 'import agent_core; print(agent_core.__version__)')
wheel=("$here/dist/dspy_code-$version"-*.whl)
[ -f "${wheel[0]}" ] || { echo "image.sh: there is no wheel of $version in dist/; run \`make dist\`" >&2; exit 1; }
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
mkdir "$context/wheelhouse"
if [ -n "$wheels" ]; then
  find "$wheels" -maxdepth 1 -name '*.whl' ! -name 'dspy_code-*' -exec ln {} "$context/wheelhouse/" \; 2> /dev/null ||
    find "$wheels" -maxdepth 1 -name '*.whl' ! -name 'dspy_code-*' -exec cp -f {} "$context/wheelhouse/" \;
fi
cp -f "${wheel[0]}" "$context/wheelhouse/"
(cd "$here" && "$python" -c '
import sys
from stack.compose.dockerfile import image_dockerfile
print(image_dockerfile(sys.argv[1], offline=bool(sys.argv[2])), end="")' "$version" "$wheels") > "$context/Dockerfile"
docker build --target alone --tag "$name:$version" --tag "$name:latest" "$context"
