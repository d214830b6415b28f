#!/usr/bin/env bash
# Installs moonraker-lookout beside Moonraker, mends an installation, or removes it. Safe to run again at any time.
set -euo pipefail
shopt -s nullglob

usage() {
  cat <<'USAGE'
Usage: ./install.sh [options]

  --yes             ask nothing: take the default answers, and every printer that is found
  --dry-run         print every change, make none
  --instance NAME   only this printer: its Moonraker's unit (moonraker-2 or 2) or data folder (printer_2_data); repeatable
  --data DIR        a data folder that is not found by itself, such as ~/printer_data; repeatable
  --no-updates      no [update_manager] entry in moonraker.conf
  --extras          also the link in Mainsail's menu, the macros' file and the [notifier] example
  --component       also the component in Moonraker: its bell, the print history, [lookout] in moonraker.conf
  --repair          install packages and build even where all seems in step, then as usual
  --uninstall       remove what was installed; settings you changed, incidents and logs stay
  --purge           with --uninstall: those too
  --allow-root      install for root itself (containers, images); otherwise root is refused
  --help            this

NODE_DIST_URL names a mirror of https://nodejs.org/dist for hosts that have no Node of their own.
Exit codes: 0 done, 1 something failed (run it again when mended), 64 wrong usage.
USAGE
}

DRY_RUN=no ASSUME_YES=no WITH_UPDATES=yes WITH_EXTRAS=no WITH_COMPONENT=no REPAIR=no UNINSTALL=no PURGE=no ALLOW_ROOT=no
WANTED_NAMES=() WANTED_DATA=()
MOONRAKER_CHANGED=no BLOCK_CHANGED=no ASVC_CHANGED=no IS_PROGRAM_NEW=no
# Where the file system begins: another place only in tests and images.
ROOT=${LOOKOUT_ROOT:-}
ROOT=${ROOT%/}
CHECKOUT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)

wrong_usage() {
  printf '%s\n\n' "$1" >&2
  usage >&2
  exit 64
}

while (($# > 0)); do
  case $1 in
    --yes | -y) ASSUME_YES=yes ;;
    --dry-run) DRY_RUN=yes ;;
    --instance | --data)
      (($# > 1)) || wrong_usage "$1 needs a value"
      if [[ $1 == --data ]]; then WANTED_DATA+=("$(realpath -m -- "$2")"); else WANTED_NAMES+=("$2"); fi
      shift
      ;;
    --no-updates) WITH_UPDATES=no ;;
    --extras) WITH_EXTRAS=yes ;;
    --component) WITH_COMPONENT=yes ;;
    --repair) REPAIR=yes ;;
    --uninstall) UNINSTALL=yes ;;
    --purge) PURGE=yes ;;
    --allow-root) ALLOW_ROOT=yes ;;
    --help | -h)
      usage
      exit 0
      ;;
    *) wrong_usage "There is no option $1" ;;
  esac
  shift
done
[[ $PURGE == no || $UNINSTALL == yes ]] || wrong_usage '--purge goes with --uninstall'

# shellcheck source=scripts/install/ui.sh
source "$CHECKOUT/scripts/install/ui.sh"
# shellcheck source=scripts/install/state.sh
source "$CHECKOUT/scripts/install/state.sh"
# shellcheck source=scripts/install/discover.sh
source "$CHECKOUT/scripts/install/discover.sh"
# shellcheck source=scripts/install/node.sh
source "$CHECKOUT/scripts/install/node.sh"
# shellcheck source=scripts/install/moonraker-conf.sh
source "$CHECKOUT/scripts/install/moonraker-conf.sh"
# shellcheck source=scripts/install/config.sh
source "$CHECKOUT/scripts/install/config.sh"
# shellcheck source=scripts/install/service.sh
source "$CHECKOUT/scripts/install/service.sh"
# shellcheck source=scripts/install/extras.sh
source "$CHECKOUT/scripts/install/extras.sh"
# shellcheck source=scripts/install/component.sh
source "$CHECKOUT/scripts/install/component.sh"
# shellcheck source=scripts/install/uninstall.sh
source "$CHECKOUT/scripts/install/uninstall.sh"

# Whether the user's options mean this printer. Without any, every one.
is_wanted() { # DATA MOONRAKER-UNIT SERVICE
  local wanted
  ((${#WANTED_NAMES[@]} + ${#WANTED_DATA[@]} > 0)) || return 0
  for wanted in "${WANTED_DATA[@]}"; do
    if [[ $1 == "$wanted" || $1 == "$(realpath -m -- "$wanted")" ]]; then return 0; fi
  done
  for wanted in "${WANTED_NAMES[@]}"; do
    wanted=${wanted%.service}
    if [[ $wanted == "$2" || moonraker-$wanted == "$2" || moonraker_$wanted == "$2" || $wanted == "$(basename "$1")" || $wanted == "$3" ]]; then
      return 0
    fi
  done
  return 1
}

# The paths end up in a unit and in moonraker.conf, where these have a meaning of their own.
check_path() { # PATH
  if [[ $1 == *[\"\'\\\$%\`@]* || $1 == *[[:cntrl:]]* ]]; then
    die 1 "the path has a character that systemd would misread: $1" 'Use a path without quotes, $, %, @, ` and backslashes. Spaces are fine.'
  fi
}

check_host() {
  step 'This host'
  [[ $(uname -s) == Linux ]] || die 1 "this is $(uname -s); Moonraker and moonraker-lookout run on Linux"
  if ((EUID == 0)) && [[ $ALLOW_ROOT == no ]]; then
    die 1 'this must not run as root, nor with sudo' \
      'Run it as the user that Moonraker runs as (often "pi"): ./install.sh' \
      'It asks for sudo where that is needed. Nothing was changed.'
  fi
  check_path "$CHECKOUT"
  check_path "$HOME"
  if [[ $UNINSTALL == no && $DRY_RUN == no ]]; then
    local free
    [[ -w $CHECKOUT ]] || die 1 "$CHECKOUT may not be written by $(id -un)" "Who owns it: $(stat -c %U "$CHECKOUT"). Mend it: sudo chown -R $(id -un) \"$CHECKOUT\""
    free=$(free_mb "$CHECKOUT")
    ((free >= 300)) || die 1 "the disk is nearly full: $free MB are free, 300 MB are needed" 'Make room (old G-code files, sudo apt-get clean) and run this again. Nothing was changed.'
  fi
  ok "$(uname -m), user $(id -un), checkout $CHECKOUT"
}

# Sets CHOSEN to the indexes of the printers to install for.
choose() {
  local i answer data
  CHOSEN=()
  step 'Moonraker'
  discover
  for data in "${WANTED_DATA[@]}"; do
    [[ -d $data ]] || die 1 "there is no folder $data"
    add_instance '' "$data" "$data/config/moonraker.conf"
  done
  for i in "${!FOUND_DATA[@]}"; do
    if is_wanted "${FOUND_DATA[i]}" "${FOUND_UNITS[i]}" ''; then CHOSEN+=("$i"); fi
  done
  if ((${#CHOSEN[@]} == 0)); then
    if ((${#WANTED_NAMES[@]} > 0)); then
      die 64 "no Moonraker goes by the name ${WANTED_NAMES[*]}" "Found: $(printf '%s ' "${FOUND_DATA[@]}")"
    fi
    die 1 'no Moonraker was found: no moonraker*.service, and no ~/*_data folder with config/moonraker.conf' \
      'Where is its data folder? ./install.sh --data /path/to/printer_data'
  fi
  for i in "${CHOSEN[@]}"; do
    check_path "${FOUND_DATA[i]}"
    note "$i) ${FOUND_DATA[i]}  (${FOUND_UNITS[i]:-no unit}, $(moonraker_address "${FOUND_CONFS[i]}"))"
  done
  if ((${#CHOSEN[@]} > 1)) && [[ $ASSUME_YES == no && $DRY_RUN == no && $((${#WANTED_NAMES[@]} + ${#WANTED_DATA[@]})) -eq 0 ]]; then
    printf 'Which of them? Numbers with spaces between them, or all [all] '
    read -r answer || die 1 'no answer: nothing was changed' 'Say which with --instance NAME, or take all with --yes.'
    if [[ -n $answer && $answer != all ]]; then
      local -a picked=()
      for i in $answer; do
        [[ $i =~ ^[0-9]+$ && -n ${FOUND_DATA[i]:-} ]] || die 64 "there is no number $i"
        picked+=("$i")
      done
      CHOSEN=("${picked[@]}")
    fi
  fi
  ok "$(for i in "${CHOSEN[@]}"; do printf '%s ' "${FOUND_DATA[i]}"; done)"
}

# The service of a printer: as on record, else moonraker-lookout for the only or plain Moonraker, else with its name.
service_of() { # INDEX
  local data=${FOUND_DATA[$1]} unit=${FOUND_UNITS[$1]} service name
  for service in $(installed_services); do
    if [[ $(recorded "$(record_of "$service")" set data) == "$data" ]]; then
      printf '%s' "$service"
      return
    fi
  done
  name=${unit#moonraker}
  name=${name#[-_]}
  if [[ -z $unit ]]; then
    name=$(basename "$data")
    name=${name%_data}
    [[ $name != printer ]] || name=''
  fi
  name=${name//[^A-Za-z0-9_-]/-}
  if [[ -z $name || ${#FOUND_DATA[@]} -eq 1 ]] && [[ ! -f $(record_of moonraker-lookout) && -z ${TAKEN[moonraker-lookout]:-} ]]; then
    printf 'moonraker-lookout'
  else
    printf 'moonraker-lookout-%s' "${name:-printer}"
  fi
}

step_program() {
  local before after tree args=(--strict)
  step 'Packages and program'
  before=$(cat "$CHECKOUT/dist/source-hash" 2>/dev/null || true)
  if [[ -z $NODE ]] || planned "install packages (npm ci --omit=dev) and build in $CHECKOUT, where they are not in step"; then return; fi
  for tree in node_modules dist; do
    if [[ ! -e $CHECKOUT/$tree ]]; then record "$HOST_RECORD" tree "$CHECKOUT/$tree"; fi
  done
  if [[ ! -e $CHECKOUT/.cache ]]; then record "$HOST_RECORD" dir "$CHECKOUT/.cache"; fi
  record "$HOST_RECORD" tree "$CHECKOUT/.cache/packages"
  record "$HOST_RECORD" tree "$CHECKOUT/.cache/npm"
  [[ $REPAIR == no ]] || args+=(--force)
  note 'This takes a minute or two on a Raspberry Pi.'
  if ! flock -w 600 "$CHECKOUT" "$NODE" "$CHECKOUT/scripts/rebuild-if-needed.mjs" "${args[@]}" >"$TEMP/program.log" 2>&1; then
    sed 's/^/     /' "$TEMP/program.log"
    die 1 'the packages could not be installed, or the program not built' "$(space_hint "$CHECKOUT")" \
      'What was there before is still there. Mend what it says above and run this again.'
  fi
  after=$(cat "$CHECKOUT/dist/source-hash")
  if [[ $before != "$after" || $REPAIR == yes ]]; then
    IS_PROGRAM_NEW=yes
    changed "installed packages and built the program in $CHECKOUT"
  fi
  ok "moonraker-lookout $("$NODE" "$CHECKOUT/dist/main.js" --version 2>/dev/null || printf '(built)')"
}

install_for() { # INDEX SERVICE CONFIG
  local data=${FOUND_DATA[$1]} unit=${FOUND_UNITS[$1]} conf=${FOUND_CONFS[$1]} service=$2 config=$3 into dir
  into=$(record_of "$service")
  MOONRAKER_CHANGED=no
  if [[ $DRY_RUN == no ]]; then
    record "$into" set data "$data"
    rerecord "$into" set config "$config"
    rerecord "$into" set moonraker-unit "$unit"
    rerecord "$into" set moonraker-conf "$conf"
  fi
  step_folders "$data" "$into"
  step_config "$data" "$conf" "$config" "$into"
  step_allowed_service "$service" "$data" "$into"
  if [[ $ASVC_CHANGED == yes ]]; then MOONRAKER_CHANGED=yes; fi
  step_update_manager "$service" "$conf" "$into"
  if [[ $BLOCK_CHANGED == yes ]]; then MOONRAKER_CHANGED=yes; fi
  dir=$(dirname "$config")
  extra_macros "$dir" "$into"
  extra_link "$dir" "$into" "$service"
  extra_notifier "$conf" "$into"
  step_component "$unit" "$conf" "$into"
  if [[ $BLOCK_CHANGED == yes ]]; then MOONRAKER_CHANGED=yes; fi
  step_service "$service" "$unit" "$data" "$config" "$into"
  step_restart_moonraker "$unit" "$conf" "$into" "$service"
}

show_end() {
  local i config change
  printf '\n%s###### moonraker-lookout%s\n' "$BOLD" "$PLAIN"
  if [[ $DRY_RUN == yes ]]; then
    printf 'A dry run: nothing was changed.\n'
    return
  fi
  for i in "${CHOSEN[@]}"; do
    config=${CONFIGS[i]}
    cat <<END
${FOUND_DATA[i]}
  Moonraker  http://$(moonraker_address "${FOUND_CONFS[i]}")/
  service    ${SERVICES[i]}  (systemctl status ${SERVICES[i]})
  settings   $config
  log        ${FOUND_DATA[i]}/logs/moonraker-lookout.log
  check      "$NODE" "$CHECKOUT/dist/main.js" check --config "$config"
END
  done
  if ((${#CHANGES[@]} > 0)); then
    printf 'Changed:\n'
    for change in "${CHANGES[@]}"; do printf '  %s\n' "$change"; done
  else
    printf 'Nothing had to be changed.\n'
  fi
  printf 'Next: choose in the settings what judges the pictures, save, restart the service, and run the check above.\n'
  printf 'To remove it all: "%s/install.sh" --uninstall\n' "$CHECKOUT"
}

finish() {
  local code=$?
  [[ -z ${TEMP:-} ]] || rm -rf "$TEMP"
  if ((code != 0 && code != 64)); then
    printf '\nNot finished. What was done stays done; run this again when it is mended, and it goes on from there.\n' >&2
  fi
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

TEMP=$(mktemp -d)
exec 9<"$CHECKOUT/install.sh"
flock -n 9 || die 1 'install.sh is running already'

check_host
if [[ $UNINSTALL == yes ]]; then
  uninstall
else
  declare -A TAKEN=()
  SERVICES=() CONFIGS=()
  choose
  step_node
  step_program
  for index in "${CHOSEN[@]}"; do
    SERVICES[index]=$(service_of "$index")
    TAKEN[${SERVICES[$index]}]=yes
    if [[ -d ${FOUND_DATA[index]}/config ]]; then
      CONFIGS[index]=${FOUND_DATA[index]}/config/moonraker-lookout.conf
    else
      CONFIGS[index]=$(dirname "${FOUND_CONFS[index]}")/moonraker-lookout.conf
    fi
    install_for "$index" "${SERVICES[$index]}" "${CONFIGS[$index]}"
  done
  show_end
fi

if ((${#FAILURES[@]} > 0)); then
  printf '\n%s%d step(s) failed:%s\n' "$RED" "${#FAILURES[@]}" "$PLAIN"
  printf '  %s\n' "${FAILURES[@]}"
  exit 1
fi
