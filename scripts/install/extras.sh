# shellcheck shell=bash
# What not everybody wants: each is asked for, and taken with --extras.

wants_extra() { # QUESTION
  if [[ $WITH_EXTRAS == yes ]]; then return; fi
  [[ $ASSUME_YES == no && $DRY_RUN == no ]] && consents "$1" n
}

# A file of ours in the user's config folder.
create_file() { # RECORD FILE NEW
  if ! make_dir "$1" "$(dirname "$2")" || [[ ! -w $(dirname "$2") ]]; then return 1; fi
  record "$1" file "$2" "$(sha_of "$3")"
  cp "$3" "$2.new" && chmod 644 "$2.new" && mv "$2.new" "$2" && return
  rm -f "$2.new"
  return 1
}

# Macros for printer.cfg, which is the user's: the file is only put beside it.
extra_macros() { # CONFIG-DIR RECORD
  local from=$CHECKOUT/klipper/lookout.cfg to=$1/lookout.cfg
  [[ -f $from ]] || return 0
  step 'Macros (lookout.cfg)'
  if [[ -e $to ]]; then ok "$to is there, and is left as it is"; return; fi
  if grep -sqE '^\[include[[:space:]]+(\./)?\*\.cfg\]' "$1/printer.cfg"; then
    skipped "printer.cfg includes every .cfg of that folder, so copying would load it; the macros are in $from"
    return
  fi
  if ! wants_extra "Copy the macros to $to, for you to include in printer.cfg?"; then
    skipped "not wanted; they are in $from"
    return
  fi
  planned "copy $from to $to" && return
  if ! create_file "$2" "$to" "$from"; then failed "$to could not be written"; return; fi
  changed "created $to"
  ok "copied; to use them add [include lookout.cfg] to printer.cfg"
}

# Mainsail's side bar. Fluidd has no such place. Only for a version that has a page to link to.
extra_link() { # CONFIG-DIR RECORD SERVICE
  local file=$1/.theme/navi.json port status=0
  port=$(sed -n '/^\[dashboard\]/,/^\[/{s/^#port: *\([0-9]\{1,\}\).*/\1/p}' "$CHECKOUT/moonraker-lookout.conf.example")
  [[ -n $port ]] || return 0
  step "Link in Mainsail's menu"
  "$NODE" "$CHECKOUT/scripts/install/navi.mjs" add "$file" "http://$(uname -n).local:$port/" >"$TEMP/navi" 2>"$TEMP/navi.error" || status=$?
  case $status in
    3) ok "it is in $file"; return ;;
    0) ;;
    *) skipped "$file cannot be read ($(<"$TEMP/navi.error")): left as it is"; return ;;
  esac
  if ! wants_extra "Add a link to the dashboard to Mainsail's menu ($file)?"; then
    skipped 'not wanted'
    return
  fi
  if planned "add a link to $file"; then
    if [[ -f $file ]]; then show_change "$file" "$TEMP/navi"; fi
    return
  fi
  if [[ -f $file ]]; then
    if ! may_change "$file" || ! replace_file "$2" "$file" "$TEMP/navi" "$STATE_DIR/originals/$3.navi.json"; then
      failed "$file could not be written; it is as it was"
      return
    fi
  elif ! create_file "$2" "$file" "$TEMP/navi"; then
    failed "$file could not be written"
    return
  fi
  changed "added a link to $file"
  ok "added to $file"
}

extra_notifier() { # CONF RECORD
  [[ -f $1 ]] || return 0
  step 'Example of a [notifier]'
  if [[ $(block_state "$1" notifier "$(notifier_block)") == absent ]] \
    && ! wants_extra "Add an example of a [notifier], all in comments, to $1?"; then
    skipped 'not wanted; moonraker.conf.example shows it'
    return
  fi
  put_block "$2" "$1" notifier "$(notifier_block)" 'the [notifier] example'
}
