# shellcheck shell=bash disable=SC2034 # some variables are read by component.sh
# Finds every Moonraker of this host: its systemd unit, data folder, moonraker.conf and address.

# One entry each, at the same index.
FOUND_UNITS=() FOUND_DATA=() FOUND_CONFS=()

# The lines of a systemd file with continuations joined and comments left out.
unit_lines() { # FILE
  sed -e 's/\r$//' -e '/^[[:space:]]*[#;]/d' "$1" | sed -e ':a' -e '/\\$/N; s/\\\n/ /; ta'
}

unit_values() { # FILE KEY
  unit_lines "$1" | sed -n "s/^[[:space:]]*$2[[:space:]]*=[[:space:]]*//p"
}

# Splits as systemd and the shell do, quotes taken away; one word a line.
words_of() { # TEXT
  printf '%s' "$1" | xargs printf '%s\n' 2>/dev/null || true
}

home_of() { # USER
  if [[ -z $1 || $1 == "$(id -un)" ]]; then
    printf '%s' "$HOME"
  else
    getent passwd "$1" | cut -d: -f6
  fi
}

# What a unit sets in its environment, one NAME=VALUE a line; later wins.
unit_environment() { # FILE HOME
  local word file
  while IFS= read -r word; do words_of "$word"; done < <(unit_values "$1" Environment)
  while IFS= read -r file; do
    file=${file#-}
    file=${file//%h/$2}
    [[ -r $file ]] || continue
    sed -n -e 's/\r$//' -e 's/^[[:space:]]*\([A-Za-z_][A-Za-z0-9_]*\)=[[:space:]]*/\1=/p' "$file" \
      | sed -e "s/^\([A-Za-z_0-9]*\)=\"\(.*\)\"[[:space:]]*$/\1=\2/" -e "s/^\([A-Za-z_0-9]*\)='\(.*\)'[[:space:]]*$/\1=\2/"
  done < <(unit_values "$1" EnvironmentFile)
}

# An absolute path as Moonraker would understand it.
full_path() { # PATH HOME
  local path=${1//%h/$2}
  # shellcheck disable=SC2088 # a tilde as Moonraker reads it, not the shell's
  [[ $path == '~' || $path == '~/'* ]] && path=$2${path#'~'}
  realpath -m -- "$path"
}

# Reads one unit. Sets UNIT_DATA, UNIT_CONF, UNIT_PYTHON, UNIT_PYTHONPATH and UNIT_SCRIPT; fails where the unit does not run Moonraker itself.
read_unit() { # FILE
  local file=$1 home exec word name value variable next=''
  local -A env=()
  local -a words=()
  home=$(home_of "$(unit_values "$file" User | tail -n 1)")
  while IFS='=' read -r name value; do env[$name]=$value; done < <(unit_environment "$file" "$home")
  exec=$(unit_values "$file" ExecStart | tail -n 1)
  while IFS= read -r word; do
    # A bare $NAME is split into words, ${NAME} is put in as it stands (systemd.service, "Command lines").
    if [[ $word =~ ^\$([A-Za-z_][A-Za-z0-9_]*)$ ]]; then
      mapfile -t -O "${#words[@]}" words < <(words_of "${env[${BASH_REMATCH[1]}]:-}")
    else
      while [[ $word =~ \$\{([A-Za-z_][A-Za-z0-9_]*)\} ]]; do
        variable=${BASH_REMATCH[1]}
        word=${word/"\${$variable}"/"${env[$variable]:-}"}
      done
      words+=("$word")
    fi
  done < <(words_of "$exec")

  # The units of other companions are called moonraker-… as well.
  local is_moonraker=no
  UNIT_DATA='' UNIT_CONF='' UNIT_PYTHON=${words[0]:-python3} UNIT_PYTHONPATH=${env[PYTHONPATH]:-} UNIT_SCRIPT=''
  for word in "${words[@]}"; do
    case $next in
      data) UNIT_DATA=$word ;;
      conf) UNIT_CONF=$word ;;
      module) [[ $word == moonraker || $word == moonraker.server ]] && is_moonraker=yes ;;
    esac
    next=''
    case $word in
      */moonraker.py) is_moonraker=yes UNIT_SCRIPT=$word ;;
      */bin/moonraker) is_moonraker=yes UNIT_PYTHON=$(dirname "$word")/python ;;
      -d | --datapath) next=data ;;
      -c | --configfile) next=conf ;;
      -m) next=module ;;
      --datapath=*) UNIT_DATA=${word#*=} ;;
      --configfile=*) UNIT_CONF=${word#*=} ;;
      -d?*) UNIT_DATA=${word#-d} ;;
      -c?*) UNIT_CONF=${word#-c} ;;
    esac
  done
  [[ $is_moonraker == yes ]] || return 1
  UNIT_DATA=${UNIT_DATA:-${env[MOONRAKER_DATA_PATH]:-$home/printer_data}}
  UNIT_DATA=$(full_path "$UNIT_DATA" "$home")
  UNIT_CONF=${UNIT_CONF:-${env[MOONRAKER_CONFIG_PATH]:-${env[MOONRAKER_CONF]:-$UNIT_DATA/config/moonraker.conf}}}
  UNIT_CONF=$(full_path "$UNIT_CONF" "$home")
}

add_instance() { # UNIT DATA CONF
  local i
  for i in "${!FOUND_DATA[@]}"; do
    [[ ${FOUND_DATA[i]} == "$2" ]] && return
  done
  FOUND_UNITS+=("$1") FOUND_DATA+=("$2") FOUND_CONFS+=("$3")
}

# Fills FOUND_*: units first, in the order of their names, then data folders that no unit names.
discover() {
  local dir file name data
  local -A seen=()
  for dir in "$ROOT/etc/systemd/system" "$ROOT/run/systemd/system" "$ROOT/usr/local/lib/systemd/system" \
    "$ROOT/usr/lib/systemd/system" "$ROOT/lib/systemd/system"; do
    for file in "$dir"/moonraker.service "$dir"/moonraker?*.service; do
      name=$(basename "$file" .service)
      # The first folder wins, as with systemd; an empty file or a link to /dev/null is a masked unit.
      [[ -s $file && -z ${seen[$name]:-} ]] || continue
      seen[$name]=1
      read_unit "$file" || continue
      if [[ ! -d $UNIT_DATA ]]; then
        note "$name.service points to $UNIT_DATA, which is not there."
        continue
      fi
      add_instance "$name" "$UNIT_DATA" "$UNIT_CONF"
    done
  done
  for data in "$HOME"/*_data; do
    [[ -f $data/config/moonraker.conf ]] || continue
    data=$(realpath -- "$data")
    add_instance '' "$data" "$data/config/moonraker.conf"
  done
}

# moonraker.conf with everything it includes, in the order in which Moonraker reads it.
conf_stream() { # FILE [DEPTH]
  local depth=${2:-0} line pattern file dir
  dir=$(dirname "$1")
  [[ -r $1 && $depth -lt 10 ]] || return 0
  while IFS= read -r line || [[ -n $line ]]; do
    if [[ $line =~ ^\[include[[:space:]]+([^]]+)\] ]]; then
      pattern=${BASH_REMATCH[1]}
      [[ $pattern == /* ]] || pattern=$dir/$pattern
      while IFS= read -r file; do conf_stream "$file" $((depth + 1)); done < <(compgen -G "$pattern" | sort)
    else
      printf '%s\n' "${line%$'\r'}"
    fi
  done <"$1"
}

# One option of one section; the last one wins.
conf_value() { # FILE SECTION OPTION
  conf_stream "$1" | SECTION=$2 OPTION=$3 awk '
    /^\[/ { section = $0; sub(/^\[[ \t]*/, "", section); sub(/[ \t]*\].*/, "", section) }
    section == ENVIRON["SECTION"] && match($0, /^[^#;:=\[ \t][^:=]*[:=]/) {
      name = substr($0, 1, RLENGTH - 1); sub(/[ \t]+$/, "", name)
      if (name == ENVIRON["OPTION"]) {
        value = substr($0, RLENGTH + 1)
        sub(/[ \t]+[#;].*/, "", value); gsub(/^[ \t]+|[ \t]+$/, "", value)
      }
    }
    END { print value }'
}

# Host, port and route prefix under which this Moonraker is reached from here: 127.0.0.1:7125 or 127.0.0.1:7125/prefix.
moonraker_address() { # CONF
  local host port prefix
  host=$(conf_value "$1" server host)
  port=$(conf_value "$1" server port)
  prefix=$(conf_value "$1" server route_prefix)
  case $host in
    '' | 0.0.0.0 | :: | all) host=127.0.0.1 ;;
    *:*) host="[$host]" ;;
  esac
  [[ $port =~ ^[0-9]+$ ]] || port=7125
  prefix=${prefix#/}
  prefix=${prefix%/}
  printf '%s:%s%s' "$host" "$port" "${prefix:+/$prefix}"
}
