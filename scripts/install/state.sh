# shellcheck shell=bash
# Remembers what was done to this host, so that --uninstall undoes exactly that. Each deed is written down before it is
# done: an interrupted run leaves nothing that is not on the list.
#
# A record is a text file with one tab-separated line for each deed:
#   dir PATH                             a folder that was not there
#   tree PATH                            a folder with all that is in it
#   file PATH SHA256                     a file that was not there
#   edit PATH BEFORE AFTER BACKUP        a file that was changed, and a copy of how it was
#   set KEY VALUE                        what a later run has to know

STATE_DIR=$HOME/.local/share/moonraker-lookout
HOST_RECORD=$STATE_DIR/installed/host

sha_of() { # FILE
  sha256sum <"$1" | cut -d' ' -f1
}

record_of() { # SERVICE
  printf '%s' "$STATE_DIR/installed/$1.service"
}

# Adds a line once.
record() { # RECORD FIELD...
  local into=$1 line
  shift
  line=$(printf '%s\t' "$@")
  line=${line%$'\t'}
  if [[ ! -d $STATE_DIR/installed ]]; then
    mapfile -t CREATED < <(missing_parents "$STATE_DIR/installed")
    mkdir -p "$STATE_DIR/installed"
    local dir
    for dir in "${CREATED[@]}"; do printf 'dir\t%s\n' "$dir" >>"$HOST_RECORD"; done
  fi
  if [[ -f $into ]] && grep -qxF -- "$line" "$into"; then return; fi
  printf '%s\n' "$line" >>"$into"
}

# Replaces the lines of one kind about one path.
rerecord() { # RECORD KIND PATH FIELD...
  local into=$1 kind=$2 path=$3 rest
  shift 3
  rest=$(printf '%s\t' "$@")
  if is_recorded "$into" "$kind" "$path" && [[ $(recorded "$into" "$kind" "$path") == "${rest%$'\t'}" ]]; then return; fi
  if [[ ! -f $into ]]; then
    record "$into" "$kind" "$path" "$@"
    return
  fi
  {
    KIND=$kind FIELD=$path awk -F '\t' '!($1 == ENVIRON["KIND"] && $2 == ENVIRON["FIELD"])' "$into"
    printf '%s\t%s\t%s\n' "$kind" "$path" "${rest%$'\t'}"
  } >"$into.new"
  mv -f "$into.new" "$into"
}

# Takes the line of one kind about one path away.
forget() { # RECORD KIND PATH
  [[ -f $1 ]] || return 0
  KIND=$2 FIELD=$3 awk -F '\t' '!($1 == ENVIRON["KIND"] && $2 == ENVIRON["FIELD"])' "$1" >"$1.new"
  mv -f "$1.new" "$1"
}

# The fields after the path, tab-separated; nothing when there is no such line.
recorded() { # RECORD KIND PATH
  [[ -f $1 ]] || return 0
  KIND=$2 FIELD=$3 awk -F '\t' '$1 == ENVIRON["KIND"] && $2 == ENVIRON["FIELD"] { sub(/^[^\t]*\t[^\t]*\t?/, ""); print; exit }' "$1"
}

# Every path of one kind, in the order in which it was recorded.
recorded_paths() { # RECORD KIND
  [[ -f $1 ]] || return 0
  KIND=$2 awk -F '\t' '$1 == ENVIRON["KIND"] { print $2 }' "$1"
}

is_recorded() { # RECORD KIND PATH
  [[ -f $1 ]] || return 1
  KIND=$2 FIELD=$3 awk -F '\t' '$1 == ENVIRON["KIND"] && $2 == ENVIRON["FIELD"] { found = 1 } END { exit !found }' "$1"
}

# Folders that have to be made so that DIR exists, outermost first.
missing_parents() { # DIR
  local dir=$1 missing=''
  while [[ ! -e $dir && $dir != / ]]; do
    missing=$dir$'\n'$missing
    dir=$(dirname "$dir")
  done
  printf '%s' "$missing"
}

# Makes a folder and remembers every part of the path that was not there.
make_dir() { # RECORD DIR
  [[ -d $2 ]] && return
  local dir
  while IFS= read -r dir; do record "$1" dir "$dir"; done < <(missing_parents "$2")
  mkdir -p "$2"
}

# Puts NEW in the place of FILE in one move, with FILE's mode, and keeps a copy of how FILE was. A power cut leaves the
# old or the new file, never half of one.
replace_file() { # RECORD FILE NEW BACKUP
  local real before after old
  real=$(readlink -f -- "$2")
  before=$(sha_of "$real")
  after=$(sha_of "$3")
  [[ $before == "$after" ]] && return 0
  old=$(recorded "$1" edit "$real")
  if [[ -z $old ]]; then
    mkdir -p "$(dirname "$4")" && cp -p -- "$real" "$4" || return 1
    record "$1" edit "$real" "$before" "$after" "$4"
  elif [[ $before == "$(cut -f1 <<<"$old")" || $before == "$(cut -f2 <<<"$old")" ]]; then
    # Only we have changed it so far: the first copy is still the way back.
    rerecord "$1" edit "$real" "$(cut -f1 <<<"$old")" "$after" "$(cut -f3 <<<"$old")"
  else
    # Somebody changed it in between, so no copy is the way back any more: only our part may be taken out.
    rerecord "$1" edit "$real" - - "$(cut -f3 <<<"$old")"
  fi
  cp -p -- "$real" "$real.lookout-new" && cat -- "$3" >"$real.lookout-new" && sync "$real.lookout-new" \
    && mv -f -- "$real.lookout-new" "$real" && return 0
  rm -f -- "$real.lookout-new"
  return 1
}

# Brings a changed file back byte for byte where nobody else has changed it since. Fails where somebody has.
restore_file() { # RECORD FILE
  local real old backup
  real=$(readlink -f -- "$2")
  old=$(recorded "$1" edit "$real")
  [[ -n $old && -f $real ]] || return 1
  backup=$(cut -f3 <<<"$old")
  if [[ $(sha_of "$real") == "$(cut -f1 <<<"$old")" ]]; then
    rm -f -- "$backup"
  elif [[ $(sha_of "$real") == "$(cut -f2 <<<"$old")" && -f $backup ]]; then
    mv -f -- "$backup" "$real"
  else
    return 1
  fi
}

# Whether a file may be changed; a file that was made read-only stays as it is, even where its folder would allow a new one.
may_change() { # FILE
  local real
  real=$(readlink -f -- "$1")
  [[ -w $real && -w $(dirname "$real") ]]
}
