# shellcheck shell=bash
# What the user sees: step lines, questions, and what a dry run would do.

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
  BOLD=$'\e[1m' GREEN=$'\e[32m' YELLOW=$'\e[33m' RED=$'\e[31m' BLUE=$'\e[34m' PLAIN=$'\e[0m'
else
  BOLD='' GREEN='' YELLOW='' RED='' BLUE='' PLAIN=''
fi

# What was changed and what went wrong, for the last block.
CHANGES=()
FAILURES=()
STEP=''

step() {
  STEP=$1
  printf '\n%s###### %s%s\n' "$BOLD" "$1" "$PLAIN"
}

# The word comes first, so that a log can be searched for it.
line() { # COLOUR WORD TEXT
  printf '%s[%s]%s %s\n' "$1" "$2" "$PLAIN" "$3"
}

ok() { line "$GREEN" OK "$1"; }
skipped() { line "$YELLOW" SKIPPED "$1"; }
note() { printf '     %s\n' "$1"; }

# Says what failed and how to mend it; the other steps go on.
failed() { # WHAT HINT...
  line "$RED" FAILED "$1"
  FAILURES+=("$STEP: $1")
  shift
  local hint
  for hint in "$@"; do note "$hint"; done
}

# A failure after which nothing else can work.
die() { # EXIT-CODE WHAT HINT...
  local code=$1
  shift
  failed "$@" >&2
  exit "$code"
}

# In a dry run says what would be done and succeeds; otherwise fails, so that `planned … && return` skips the deed.
planned() { # TEXT
  [[ $DRY_RUN == yes ]] || return 1
  line "$BLUE" 'DRY RUN' "would $1"
}

changed() { CHANGES+=("$1"); }

# Asks for consent. --yes and --dry-run take the default; without anybody to answer it is no.
consents() { # QUESTION DEFAULT(y|n)
  local answer hint='[y/N]'
  [[ $2 == y ]] && hint='[Y/n]'
  if [[ $ASSUME_YES == yes || $DRY_RUN == yes ]]; then
    [[ $2 == y ]]
    return
  fi
  printf '%s %s ' "$1" "$hint"
  if ! read -r answer; then
    printf '(no answer: no)\n'
    return 1
  fi
  [[ -t 0 ]] || printf '%s\n' "$answer"
  case ${answer:-$2} in
    [yY]*) return 0 ;;
    *) return 1 ;;
  esac
}

# Runs a command as root: directly, or through sudo, which asks for the password at most once.
as_root() {
  if ((EUID == 0)); then
    "$@"
    return
  fi
  if ! command -v sudo >/dev/null; then
    note "this needs root, and there is no sudo here: $*"
    return 1
  fi
  if ! sudo -n true 2>/dev/null; then
    if [[ ! -t 0 ]]; then
      note "sudo asks for a password, and there is nobody to type it: $*"
      return 1
    fi
    note 'The next steps need root. sudo may ask for your password once.'
    sudo -v || return 1
  fi
  sudo "$@"
}

# Shows how a file would change, for the dry run.
show_change() { # OLD NEW
  diff -u --label before --label after "$1" "$2" | sed 's/^/     /' || true
}
