# shellcheck shell=bash disable=SC2034 # some variables are read by install.sh
# Undoes what is on the record and nothing else. Says what it leaves.

LEFT=()

# Services on record, one a line.
installed_services() {
  local file
  for file in "$STATE_DIR"/installed/*.service; do basename "$file" .service; done
}

remove_unit() { # SERVICE RECORD
  local unit state
  unit=$(unit_file "$1")
  state=$(systemd_state)
  [[ $state != none && -f $unit ]] || return 0
  if ! is_our_unit "$unit"; then
    skipped "$unit was not written by this script: left as it is"
    return
  fi
  planned "stop and disable $1 and remove $unit (with sudo)" && return
  if [[ $state == running ]]; then
    as_root systemctl stop "$1" || note "$1 could not be stopped"
  fi
  as_root systemctl disable --quiet "$1" || true
  if ! as_root rm -f "$unit"; then
    failed "$unit could not be removed" "Run this again as a user that may use sudo."
    return
  fi
  [[ $state == offline ]] || as_root systemctl daemon-reload || true
  ok "$1 stopped and removed"
}

# Takes our part out of a file that was changed.
undo_edit() { # SERVICE RECORD FILE
  local file=$3 block backup
  [[ -f $file ]] || return 0
  planned "take what is ours out of $file" && return
  if restore_file "$2" "$file"; then
    ok "$file is as it was before"
  else
    if ! may_change "$file"; then
      failed "$file is read-only: our part is still in it" "Make it writable (chmod u+w \"$file\") and run this again."
      return
    fi
    case $file in
      */info/exclude) grep -vxE '/([^/]+/)*components/lookout\.py' "$file" >"$TEMP/undone" || true ;;
      *.asvc) grep -vxE "[[:space:]]*$1(\.service)?[[:space:]]*" "$file" >"$TEMP/undone" || true ;;
      */navi.json)
        "${NODE:-node}" "$CHECKOUT/scripts/install/navi.mjs" remove "$file" >"$TEMP/undone" 2>/dev/null || cp "$file" "$TEMP/undone"
        ;;
      *)
        cp "$file" "$TEMP/undone"
        for block in update_manager notifier component; do
          [[ $(block_state "$file" "$block" '') == broken ]] && failed "$file: a mark of the $block block is missing, so it stays" \
            'Delete it by hand.' && continue
          without_block "$TEMP/undone" "$block" >"$TEMP/undone.next" && mv "$TEMP/undone.next" "$TEMP/undone"
        done
        ;;
    esac
    cp -p -- "$file" "$file.lookout-new" && cat "$TEMP/undone" >"$file.lookout-new" && mv -f -- "$file.lookout-new" "$file"
    ok "our part was taken out of $file; what others changed in it since stays"
    backup=$(recorded "$2" edit "$file" | cut -f3)
    case $backup in
      "$STATE_DIR"/*) rm -f -- "$backup" ;;
      *) [[ ! -f $backup ]] || LEFT+=("$backup (how it was before the installation)") ;;
    esac
  fi
  if [[ $file == *.conf || $file == *.asvc ]]; then MOONRAKER_CHANGED=yes; fi
}

# A file that was created goes when it is still as it was written; with --purge it goes anyway.
undo_file() { # RECORD FILE
  local file=$2
  [[ -f $file && $file != */systemd/system/* ]] || return 0
  if [[ $PURGE == no && $(sha_of "$file") != "$(recorded "$1" file "$file")" ]]; then
    LEFT+=("$file (you changed it)")
    return
  fi
  planned "remove $file" && return
  if rm -f -- "$file"; then ok "$file removed"; else failed "$file could not be removed"; fi
}

# The settings, and what the program itself has written.
undo_data() { # DATA CONFIG RECORD
  local log
  if [[ $PURGE == yes ]]; then
    planned "remove $2, $1/lookout and $1/logs/moonraker-lookout.log*" && return
    rm -rf -- "$1/lookout"
    rm -f -- "$2" "$1"/logs/moonraker-lookout.log*
    ok 'settings, incidents and logs removed'
    return
  fi
  if [[ -f $2 ]] && ! is_recorded "$3" file "$2"; then LEFT+=("$2"); fi
  [[ -z $(ls -A "$1/lookout" 2>/dev/null) ]] || LEFT+=("$1/lookout (incidents and state)")
  for log in "$1"/logs/moonraker-lookout.log*; do LEFT+=("$log"); done
}

# Folders that were created go when they are empty, innermost first.
undo_dirs() { # RECORD
  local dir
  while IFS= read -r dir; do
    [[ -d $dir ]] || continue
    planned "remove the folder $dir if it is empty" && continue
    rmdir -- "$dir" 2>/dev/null || true
  done < <(recorded_paths "$1" dir | tac)
}

# The webcam entry that [dashboard] webcam asks for. Without an answer of Moonraker's it may be there, or not.
undo_webcam() { # MOONRAKER-CONF
  local answer
  [[ -f $1 ]] || return 0
  planned 'take the webcam Lookout out of Mainsail and Fluidd, if it is ours' && return
  answer=$(ask_moonraker hide "$1")
  if [[ $answer == hidden ]]; then ok 'the webcam Lookout was taken out of Mainsail and Fluidd'; fi
}

uninstall_service() { # SERVICE
  local service=$1 into data file
  into=$(record_of "$service")
  data=$(recorded "$into" set data)
  step "Removing $service ($data)"
  remove_unit "$service" "$into"
  if [[ -f $(unit_file "$service") && $DRY_RUN == no ]] && is_our_unit "$(unit_file "$service")"; then return; fi
  undo_webcam "$(recorded "$into" set moonraker-conf)"
  MOONRAKER_CHANGED=no
  undo_links "$into"
  while IFS= read -r file; do undo_edit "$service" "$into" "$file"; done < <(recorded_paths "$into" edit)
  while IFS= read -r file; do undo_file "$into" "$file"; done < <(recorded_paths "$into" file)
  undo_data "$data" "$(recorded "$into" set config)" "$into"
  undo_dirs "$into"
  if [[ $MOONRAKER_CHANGED == yes || $DRY_RUN == yes ]]; then
    step_restart_moonraker "$(recorded "$into" set moonraker-unit)" "$(recorded "$into" set moonraker-conf)" "$into" "$service"
  fi
  if ((${#FAILURES[@]} == 0)) && [[ $DRY_RUN == no ]]; then rm -f "$into"; fi
}

# What all services shared, when the last one is gone.
uninstall_host() {
  local tree
  [[ -d $STATE_DIR ]] || return 0
  if [[ -n $(installed_services) ]]; then
    [[ $DRY_RUN == yes ]] || LEFT+=("Node and the packages, which $(installed_services | paste -sd ' ') still uses")
    return
  fi
  step 'What all services shared'
  while IFS= read -r tree; do
    [[ -e $tree ]] || continue
    planned "remove $tree" && continue
    if rm -rf -- "$tree"; then ok "$tree removed"; else failed "$tree could not be removed"; fi
  done < <(recorded_paths "$HOST_RECORD" tree)
  if is_recorded "$HOST_RECORD" set debian-packages; then
    LEFT+=("the Debian packages nodejs and npm, which others may use (sudo apt-get remove nodejs npm)")
  fi
  ((${#FAILURES[@]} == 0)) || return 0
  [[ $DRY_RUN == no ]] || return 0
  cp "$HOST_RECORD" "$TEMP/host" 2>/dev/null || : >"$TEMP/host"
  rm -rf "$STATE_DIR"
  undo_dirs "$TEMP/host"
}

uninstall() {
  local service chosen=() all
  mapfile -t all < <(installed_services)
  for service in "${all[@]}"; do
    if is_wanted "$(recorded "$(record_of "$service")" set data)" "$(recorded "$(record_of "$service")" set moonraker-unit)" "$service"; then
      chosen+=("$service")
    fi
  done
  if ((${#all[@]} > 0 && ${#chosen[@]} == 0)); then
    die 64 'no installed service goes by that name' "Installed: ${all[*]}"
  fi
  if ((${#chosen[@]} == 0)) && [[ ! -d $STATE_DIR ]]; then
    step 'Uninstall'
    ok 'nothing is on record as installed by this user'
    return
  fi
  if ((${#chosen[@]} > 0)) && ! consents "Remove ${chosen[*]}?" y; then
    die 1 'not removed'
  fi
  find_node || true
  for service in "${chosen[@]}"; do uninstall_service "$service"; done
  uninstall_host
  printf '\n%sRemoved.%s' "$BOLD" "$PLAIN"
  if ((${#LEFT[@]} > 0)); then
    printf ' Left where they are:\n'
    printf '  %s\n' "${LEFT[@]}"
    [[ $PURGE == yes ]] || printf 'With --purge, settings, incidents and logs go as well.\n'
  else
    printf ' Nothing was left.\n'
  fi
  printf 'The checkout is yours to delete: rm -rf "%s"\n' "$CHECKOUT"
}
