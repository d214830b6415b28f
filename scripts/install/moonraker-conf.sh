# shellcheck shell=bash disable=SC2034 # some variables are read by install.sh
# Our part of moonraker.conf: blocks between two marks. The first mark holds a sum of the block, so that a later run knows
# whether somebody has changed it by hand; such a block is left alone.

block_begin() { printf '# >>> moonraker-lookout %s, written by its install.sh' "$1"; } # NAME
block_end() { printf '# <<< moonraker-lookout %s <<<' "$1"; }

# Moonraker's update manager entry. The section is named for the service, or Moonraker could not restart it.
update_block() { # SERVICE ORIGIN BRANCH
  cat <<BLOCK
[update_manager $1]
type: git_repo
path: $CHECKOUT
origin: $2
primary_branch: $3
enable_node_updates: True
system_dependencies: system-dependencies.json
managed_services: $1
info_tags:
  desc=Print watcher
BLOCK
}

# All comments: whoever wants it takes the # away.
notifier_block() {
  cat <<'BLOCK'
# Sends what moonraker-lookout has to say to a phone: see https://moonraker.readthedocs.io, [notifier].
#[notifier lookout]
#url: tgram://{secrets.telegram.token}/{secrets.telegram.chat}
#events: gcode
#body: {event_message}
BLOCK
}

sum_of() { sha256sum | cut -c1-12; }

# The lines between the marks.
block_body() { # FILE NAME
  BEGIN=$(block_begin "$2") END=$(block_end "$2") awk '
    $0 == ENVIRON["END"] { exit }
    inside { print }
    index($0, ENVIRON["BEGIN"]) == 1 { inside = 1 }' "$1"
}

# absent, same, ours (written by us, but not what we would write now), edited, or broken (a mark is missing or doubled).
block_state() { # FILE NAME WANTED
  local begins ends body sum
  begins=$(grep -cF -- "$(block_begin "$2")" "$1") || true
  ends=$(grep -cxF -- "$(block_end "$2")" "$1") || true
  if ((begins == 0 && ends == 0)); then
    printf 'absent'
    return
  fi
  if ((begins != 1 || ends != 1)); then
    printf 'broken'
    return
  fi
  body=$(block_body "$1" "$2")
  sum=$(grep -F -- "$(block_begin "$2")" "$1" | sed -n 's/.* sum \([0-9a-f]*\) >>>$/\1/p')
  if [[ $(printf '%s\n' "$body" | sum_of) != "$sum" ]]; then
    printf 'edited'
  elif [[ $body == "$3" ]]; then
    printf 'same'
  else
    printf 'ours'
  fi
}

marked_block() { # NAME BODY
  printf "%s: sum %s >>>\n" "$(block_begin "$1")" "$(printf "%s\n" "$2" | sum_of)"
  printf '%s\n%s\n' "$2" "$(block_end "$1")"
}

# FILE without the block and without the empty line that we put before it.
without_block() { # FILE NAME
  BEGIN=$(block_begin "$2") END=$(block_end "$2") awk '
    index($0, ENVIRON["BEGIN"]) == 1 { inside = 1; held = 0; next }
    inside { if ($0 == ENVIRON["END"]) inside = 0; next }
    held { print "" ; held = 0 }
    $0 == "" { if (held) print ""; held = 1; next }
    { print }
    END { if (held) print "" }' "$1"
}

# FILE with the block at its end, or in the place of the one that is there.
with_block() { # FILE NAME BODY
  if grep -qF -- "$(block_begin "$2")" "$1"; then
    BEGIN=$(block_begin "$2") END=$(block_end "$2") NEW=$(marked_block "$2" "$3") awk '
      index($0, ENVIRON["BEGIN"]) == 1 { inside = 1; print ENVIRON["NEW"] }
      !inside { print }
      $0 == ENVIRON["END"] { inside = 0 }' "$1"
  else
    cat -- "$1"
    # A file may end without a line break.
    [[ ! -s $1 || -z $(tail -c 1 -- "$1") ]] || printf '\n'
    printf '\n'
    marked_block "$2" "$3"
  fi
}

backup_name() { # FILE
  printf '%s.%s.bak' "$1" "$(date +%Y%m%d-%H%M%S)"
}

# Puts a block into moonraker.conf or mends it. Sets BLOCK_CHANGED=yes where the file was changed.
put_block() { # RECORD CONF NAME BODY WHAT
  local conf=$2 state
  BLOCK_CHANGED=no
  state=$(block_state "$conf" "$3" "$4")
  case $state in
    same) ok "$5 is in $conf"; return ;;
    edited)
      skipped "$5 in $conf was changed by hand: left as it is"
      note 'To have it written anew, delete it with its two marks and run this again.'
      return
      ;;
    broken)
      failed "$5 in $conf has lost one of its marks: left as it is" \
        "Delete the lines that begin with \"# >>> moonraker-lookout\" and \"# <<< moonraker-lookout\" and what is between them, then run this again."
      return
      ;;
  esac
  if ! may_change "$conf"; then
    failed "$conf is read-only: $5 was not written" "Make it writable (chmod u+w \"$conf\") and run this again."
    return
  fi
  with_block "$conf" "$3" "$4" >"$TEMP/conf"
  if planned "write $5 to $conf, with a dated copy of the file first"; then
    show_change "$conf" "$TEMP/conf"
    return
  fi
  rerecord "$1" set moonraker-restart pending
  if ! replace_file "$1" "$conf" "$TEMP/conf" "$(backup_name "$conf")"; then
    failed "$conf could not be written; it is as it was" "$(space_hint "$(dirname "$conf")")"
    return
  fi
  BLOCK_CHANGED=yes
  changed "edited $conf: $5 (before: $(basename "$(recorded "$1" edit "$(readlink -f "$conf")" | cut -f3)"))"
  if [[ $state == ours ]]; then ok "$5 in $conf mended"; else ok "$5 added to $conf"; fi
}

step_update_manager() { # SERVICE CONF RECORD
  local service=$1 conf=$2 origin branch
  step "Updates from Mainsail and Fluidd ($service)"
  BLOCK_CHANGED=no
  if [[ $WITH_UPDATES == no ]]; then skipped '--no-updates was given'; return; fi
  if [[ ! -f $conf ]]; then skipped "there is no $conf"; return; fi
  if [[ $(block_state "$conf" update_manager '') == absent ]] \
    && grep -qE "^\[update_manager[[:space:]]+$service\]" <<<"$(conf_stream "$conf")"; then
    skipped "moonraker.conf has an [update_manager $service] of its own: left as it is"
    return
  fi
  if ! origin=$(git -C "$CHECKOUT" remote get-url origin 2>/dev/null); then
    skipped "$CHECKOUT is not a clone of a git repository, so Moonraker cannot update it"
    return
  fi
  if ! branch=$(git -C "$CHECKOUT" symbolic-ref --quiet --short HEAD); then
    skipped "$CHECKOUT is on no branch (detached HEAD), so Moonraker would not update it"
    return
  fi
  # A token that somebody cloned with must not be readable in Mainsail.
  origin=$(sed -E 's#^(https?://)[^/@]*@#\1#' <<<"$origin")
  if [[ $CHECKOUT =~ [[:space:]][#\;] ]]; then
    skipped "Moonraker would take part of the path for a comment: $CHECKOUT"
    return
  fi
  if [[ $(block_state "$conf" update_manager '') == absent ]] \
    && ! consents "Add [update_manager $service] to $conf, so that Mainsail and Fluidd can update moonraker-lookout?" y; then
    skipped 'not wanted; moonraker.conf.example shows it'
    return
  fi
  put_block "$3" "$conf" update_manager "$(update_block "$service" "$origin" "$branch")" "[update_manager $service]"
}

# Which services Moonraker may restart. It writes this file itself, with its own list, at its first start.
step_allowed_service() { # SERVICE DATA RECORD
  local file=$2/moonraker.asvc
  step "Moonraker may restart $1"
  ASVC_CHANGED=no
  if [[ ! -f $file ]]; then
    skipped "$file is not there: Moonraker will write it, and accepts any name that begins with moonraker"
    return
  fi
  if grep -qxE "[[:space:]]*$1(\.service)?[[:space:]]*" "$file"; then ok "$1 is in $file"; return; fi
  if ! may_change "$file"; then
    failed "$file is read-only" "Make it writable (chmod u+w \"$file\") and run this again."
    return
  fi
  planned "add the line $1 to $file" && return
  {
    cat -- "$file"
    [[ ! -s $file || -z $(tail -c 1 -- "$file") ]] || printf '\n'
    printf '%s\n' "$1"
  } >"$TEMP/asvc"
  rerecord "$3" set moonraker-restart pending
  if ! replace_file "$3" "$file" "$TEMP/asvc" "$STATE_DIR/originals/$1.moonraker.asvc"; then
    failed "$file could not be written; it is as it was" "$(space_hint "$2")"
    return
  fi
  ASVC_CHANGED=yes
  changed "edited $file: one line"
  ok "$1 added to $file"
}
