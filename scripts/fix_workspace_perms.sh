#!/usr/bin/env bash
# Lets the stack's containers write to a workspace: see --help.
set -euo pipefail

readonly GROUP=10001
readonly BAD_USAGE=2 BAD_FOLDER=3 NOT_ALLOWED=4 NO_PYTHON=5

usage() {
  cat << HELP
usage: fix_workspace_perms.sh [--dry-run] DIR

Gives group $GROUP, as which the containers of the stack run, its rights below DIR: the group of everything
becomes $GROUP, the group may read and write (and enter folders, and run what its owner may run), and
folders pass their group on (setgid). Owners and everybody else's rights stay.

Nothing outside of DIR is touched: symbolic links are neither followed nor changed, what is mounted below DIR is
not entered, and files with several hard links are left alone, as one of their names may lie elsewhere. This
holds even while somebody moves things about in DIR. The folder of a stack (what \`stack init\` wrote) is left
alone, too: the containers have no business in it, and its .env stays yours.

  --dry-run   say what would be changed, and change nothing
  --help      show this

Exit codes: 0 done (or nothing to do), 1 something could not be changed, $BAD_USAGE usage, $BAD_FOLDER DIR cannot be used
(missing, not a folder, a symbolic link, / or a path with ..), $NOT_ALLOWED only root, or the owner who is in group
$GROUP, may do this, $NO_PYTHON there is no python3 to do it with.
HELP
}

fail() {
  local code=$1
  shift
  printf 'fix_workspace_perms.sh: %s\n' "$*" >&2
  exit "$code"
}

dry=
given=()
while (($#)); do
  case $1 in
    --dry-run) dry=1 ;;
    -h | --help)
      usage
      exit 0
      ;;
    --)
      shift
      given+=("$@")
      break
      ;;
    -*) fail "$BAD_USAGE" "unknown option $1; see --help" ;;
    *) given+=("$1") ;;
  esac
  shift
done
((${#given[@]} == 1)) || fail "$BAD_USAGE" "it takes one folder; see --help"

dir=${given[0]}
[[ -n $dir ]] || fail "$BAD_FOLDER" "the folder's name is empty"
case "/$dir/" in
  */../*) fail "$BAD_FOLDER" "$dir: a path with .. is refused; name the folder itself" ;;
esac
while [[ $dir == */ && $dir != / ]]; do dir=${dir%/}; done # a slash at the end would follow a link
[[ ! -L $dir ]] || fail "$BAD_FOLDER" "$dir is a symbolic link; name the folder that it leads to"
[[ -d $dir ]] || fail "$BAD_FOLDER" "$dir is no folder"
root=$(cd -P -- "$dir" && pwd -P) || fail "$BAD_FOLDER" "$dir cannot be entered"
case $root in
  / | //) fail "$BAD_FOLDER" "/ is refused" ;;
esac

if [[ -z $dry ]] && ((EUID != 0)); then
  [[ -O $root && " $(id -G) " == *" $GROUP "* ]] ||
    fail "$NOT_ALLOWED" "run it as root, or as the owner of $root who is in group $GROUP"
fi

command -v python3 > /dev/null || fail "$NO_PYTHON" "python3 is needed and was not found"

# Every folder and file is opened without following links, from the folder that it is in, and looked at and
# changed by what was opened: whatever takes its name meanwhile is not touched. -I: no module from elsewhere.
exec python3 -I - "$root" "$GROUP" "$dry" << 'PY'
import errno
import os
import shlex
import stat
import sys

root, group, dry = sys.argv[1], int(sys.argv[2]), bool(sys.argv[3])
MADE_BY = b"# Made by `dspy-tui stack init`"
LOOK = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
changes = failures = 0


def shown(path):
    """As it can be typed; what could move the cursor or break the line is spelled out."""
    return shlex.quote(path) if path.isprintable() else f"${path!r}"


def say(kind, path, error=""):
    print(f"{kind:<7} {shown(path)}{error}", file=sys.stderr if error else sys.stdout)


def mount_of(descriptor):
    """Which mount it lies on: a folder that is mounted a second time is on the same device."""
    try:
        with open(f"/proc/self/fdinfo/{descriptor}", encoding="ascii") as lines:
            return next((line for line in lines if line.startswith("mnt_id:")), "")
    except OSError:  # no Linux, and no such mounts
        return ""


def wanted(mode):
    """The permissions: the group's, and on a folder setgid."""
    if stat.S_ISDIR(mode):
        return mode | 0o2070
    return mode | (0o070 if mode & 0o100 else 0o060)


def mend(descriptor, path, seen):
    """Give the group to what was opened, then its rights: changing the group takes setgid away."""
    global changes
    missing = wanted(seen.st_mode) & ~seen.st_mode
    kinds = ["group"] if seen.st_gid != group else []
    if missing:
        kinds.append("folder" if stat.S_ISDIR(seen.st_mode) else "program" if missing & 0o010 else "file")
    if dry:
        for kind in kinds:
            say(kind, path)
    elif kinds:
        if seen.st_gid != group:
            os.fchown(descriptor, -1, group)
        os.fchmod(descriptor, stat.S_IMODE(wanted(seen.st_mode)))
    changes += len(kinds)


def is_stack(descriptor):
    """Whether `stack init` wrote this folder."""
    try:
        file = os.open("docker-compose.yml", LOOK, dir_fd=descriptor)
    except OSError:
        return False
    try:
        return stat.S_ISREG(os.fstat(file).st_mode) and os.read(file, len(MADE_BY)) == MADE_BY
    except OSError:
        return False
    finally:
        os.close(file)


def enter(name, path, above):
    """Mend what has this name in the folder `above`, and everything below it."""
    global failures
    try:
        if above is not None:  # what is neither is not opened: a device could mind
            kind = stat.S_IFMT(os.lstat(name, dir_fd=above).st_mode)
            if kind not in (stat.S_IFDIR, stat.S_IFREG):
                return
        descriptor = os.open(name, LOOK, dir_fd=above)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ELOOP):  # gone, or a link by now
            failures += 1
            say("error", path, f": {error.strerror}")
        return
    try:
        seen = os.fstat(descriptor)
        if (seen.st_dev, mount_of(descriptor)) != home:
            return
        if stat.S_ISREG(seen.st_mode) and seen.st_nlink == 1:
            mend(descriptor, path, seen)
        elif stat.S_ISDIR(seen.st_mode) and not is_stack(descriptor):
            mend(descriptor, path, seen)
            for entry in sorted(os.listdir(descriptor)):
                enter(entry, f"{path}/{entry}", descriptor)
    except (OSError, RecursionError) as error:  # the latter below a thousand folders
        failures += 1
        say("error", path, f": {getattr(error, 'strerror', 'too deep')}")
    finally:
        os.close(descriptor)


start = os.open(root, LOOK | os.O_DIRECTORY)
home = (os.fstat(start).st_dev, mount_of(start))
os.close(start)
enter(root, root, None)
if dry:
    print(f"{changes} to change below {shown(root)}")
if failures:
    sys.exit("fix_workspace_perms.sh: not everything could be changed; what could be is")
PY
