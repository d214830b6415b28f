# shellcheck shell=bash
# The systemd unit, and starting and stopping things.

# running, offline (systemd is installed but did not start this system, as in a chroot), or none.
systemd_state() {
  if ! command -v systemctl >/dev/null; then
    printf 'none'
  elif [[ -d $ROOT/run/systemd/system ]]; then
    printf 'running'
  elif [[ -d $ROOT/etc/systemd/system ]]; then
    printf 'offline'
  else
    printf 'none'
  fi
}

# The unit with every @NAME@ filled in. Paths have no quotes, $, % or backslashes: check_paths saw to that.
render_unit() { # SERVICE MOONRAKER-UNIT DATA CONFIG
  local text
  text=$(<"$CHECKOUT/service/moonraker-lookout.service")
  text=${text//@SERVICE@/"$1"}
  text=${text//@MOONRAKER@/"${2:-moonraker}"}
  text=${text//@USER@/"$(id -un)"}
  text=${text//@GROUP@/"$(id -gn)"}
  text=${text//@HOME@/"$HOME"}
  text=${text//@CHECKOUT@/"$CHECKOUT"}
  text=${text//@NODE_DIR@/"$(dirname "$NODE")"}
  text=${text//@NODE@/"$NODE"}
  text=${text//@CONFIG@/"$4"}
  text=${text//@CONFIG_DIR@/"$(dirname "$4")"}
  text=${text//@LOGS_DIR@/"$3/logs"}
  text=${text//@RECORDS_DIR@/"$3/lookout"}
  printf '%s\n' "$text"
}

unit_file() { printf '%s/etc/systemd/system/%s.service' "$ROOT" "$1"; } # SERVICE

is_our_unit() { # FILE
  head -n 1 "$1" | grep -q '^# Written by install.sh of moonraker-lookout'
}

# How to go on by hand where this script cannot.
show_run_command() { # CONFIG
  note "To run it by hand: \"$NODE\" \"$CHECKOUT/dist/main.js\" run --config \"$1\""
}

step_service() { # SERVICE MOONRAKER-UNIT DATA CONFIG RECORD
  local service=$1 unit state is_new=no
  step "Service $service"
  state=$(systemd_state)
  if [[ $state == none ]]; then
    skipped 'there is no systemd here'
    show_run_command "$4"
    return
  fi
  unit=$(unit_file "$service")
  render_unit "$service" "$2" "$3" "$4" >"$TEMP/unit"
  if [[ -f $unit ]] && ! is_our_unit "$unit"; then
    failed "$unit was not written by this script: left as it is" "Move it away and run this again."
    return
  fi
  if [[ -f $unit ]] && cmp -s "$TEMP/unit" "$unit"; then
    ok "$unit is in place"
  else
    if planned "write $unit, enable it and start it (with sudo)"; then
      if [[ -f $unit ]]; then show_change "$unit" "$TEMP/unit"; else sed 's/^/     + /' "$TEMP/unit"; fi
      return
    fi
    rerecord "$5" file "$unit" "$(sha_of "$TEMP/unit")"
    if ! as_root install -m 644 "$TEMP/unit" "$unit"; then
      failed "$unit could not be written" 'Everything else is done; run this again as a user that may use sudo.'
      show_run_command "$4"
      return
    fi
    is_new=yes
    changed "wrote $unit"
    ok "$unit written"
    [[ $state == offline ]] || as_root systemctl daemon-reload || true
  fi
  if ! systemctl is-enabled --quiet "$service" 2>/dev/null; then
    planned "enable $service" && return
    if ! as_root systemctl enable --quiet "$service"; then
      failed "$service could not be enabled" "sudo systemctl enable $service"
      return
    fi
    ok 'starts with the host'
  fi
  start_service "$service" "$state" "$is_new"
}

start_service() { # SERVICE SYSTEMD-STATE IS-NEW
  local active
  if [[ $2 == offline ]]; then
    skipped 'not started: systemd does not run here'
    return
  fi
  if [[ $3 == no && $IS_PROGRAM_NEW == no ]] && systemctl is-active --quiet "$1"; then
    ok 'it runs'
    return
  fi
  planned "restart $1" && return
  # It tells systemd when it is ready; whether it will be is not for this script to wait for.
  if ! as_root systemctl restart --no-block "$1"; then
    failed "$1 could not be started" "systemctl status $1"
    return
  fi
  for _ in 1 2 3 4 5; do
    sleep "${LOOKOUT_POLL_S:-1}"
    active=$(systemctl is-active "$1" 2>/dev/null || true)
    [[ $active == activating ]] || break
  done
  case $active in
    active) ok 'started' ;;
    activating) ok "starting; \`systemctl status $1\` says how far it is" ;;
    *)
      failed "it did not start ($active)" "What it says: journalctl -u $1 -n 20"
      ;;
  esac
}

# Moonraker reads its configuration only when it starts. Never in the middle of a print. What was changed and not read yet is
# on the record, so that an interrupted or postponed restart is made up for.
step_restart_moonraker() { # MOONRAKER-UNIT CONF RECORD SERVICE
  local unit=$1 answer later
  if [[ $MOONRAKER_CHANGED == no && $DRY_RUN == no ]]; then
    is_recorded "$3" set moonraker-restart || return 0
    if [[ $(ask_moonraker knows "$2" "update_manager $4") == yes ]] \
      && { [[ -z $(recorded_paths "$3" link) ]] || [[ $(ask_moonraker knows "$2" lookout) == yes ]]; }; then
      forget "$3" set moonraker-restart
      return
    fi
  fi
  step "Restart of Moonraker (${unit:-$2})"
  if [[ -z $unit || $(systemd_state) != running ]]; then
    skipped 'restart it yourself when nothing prints: it reads the changes then'
    return
  fi
  planned "restart $unit if nothing prints" && return
  later="sudo systemctl restart $unit"
  answer=$(ask_moonraker busy "$2")
  case $answer in
    idle) ;;
    busy)
      skipped "a print is running; restart $unit when it has ended: $later"
      return
      ;;
    *)
      skipped "nobody could say whether something prints (${answer#unknown }); restart it when nothing does: $later"
      return
      ;;
  esac
  if ! consents "Nothing prints. Restart $unit now, so that it reads the changes?" y; then
    skipped "not wanted; later: $later"
    return
  fi
  if as_root systemctl restart "$unit"; then
    forget "$3" set moonraker-restart
    ok "$unit restarted"
  else
    failed "$unit could not be restarted" "$later"
  fi
}

ask_moonraker() { # QUESTION CONF [ARGUMENT]
  "${NODE:-node}" "$CHECKOUT/scripts/install/ask-moonraker.mjs" "$1" "$(moonraker_address "$2")" "${3:-}" 2>/dev/null \
    || printf 'unknown no answer'
}
