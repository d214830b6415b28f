# shellcheck shell=bash
# Our own settings file, its folders, and what can be filled in from what was found.

# The example with one key set. The commented line of that key gives its place.
set_key() { # FILE SECTION KEY VALUE
  SECTION="[$2]" KEY=$3 VALUE=$4 awk '
    $0 == ENVIRON["SECTION"] { inside = 1 }
    /^\[/ && $0 != ENVIRON["SECTION"] { inside = 0 }
    inside && !done && index($0, "#" ENVIRON["KEY"] ":") == 1 { print ENVIRON["KEY"] ": " ENVIRON["VALUE"]; done = 1; next }
    { print }' "$1" >"$1.set" && mv "$1.set" "$1"
}

# A value as it stands in a Klipper-style file, where a # or ; after a space would begin a comment.
conf_text() { # TEXT
  local text=${1// #/ \\#}
  printf '%s' "${text// ;/ \\;}"
}

# The one webcam that it can only be; nothing where there are several or none.
only_webcam() { # CONF
  local names
  names=$(ask_moonraker webcams "$1")
  if [[ $names == unknown* ]]; then
    names=$(conf_stream "$1" | sed -n 's/^\[webcam[[:space:]]\{1,\}\([^]]*[^][:space:]]\)[[:space:]]*\].*/\1/p')
  fi
  [[ $(grep -c . <<<"$names") == 1 ]] && printf '%s' "$names"
}

step_config() { # DATA MOONRAKER-CONF CONFIG RECORD
  local data=$1 config=$3 address webcam text
  step "Settings ($config)"
  if [[ -e $config ]]; then
    ok 'they are there already, and are left as they are'
    return
  fi
  text=$TEMP/config
  cp "$CHECKOUT/moonraker-lookout.conf.example" "$text"
  chmod 644 "$text"
  address=$(moonraker_address "$2")
  if [[ $address != 127.0.0.1:7125 ]]; then
    set_key "$text" moonraker url "ws://$address/websocket"
    note "Moonraker listens at $address."
  fi
  if webcam=$(only_webcam "$2"); then
    set_key "$text" camera webcam "$(conf_text "$webcam")"
    note "The webcam is \"$webcam\"."
  fi
  # Where the settings are not in <data>/config, the program cannot tell the data folder from their place.
  if [[ $(dirname "$(dirname "$config")") != "$data" ]]; then
    set_key "$text" records path "$data/lookout"
    set_key "$text" log file "$data/logs/moonraker-lookout.log"
  fi
  if planned "create $config from moonraker-lookout.conf.example"; then
    show_change "$CHECKOUT/moonraker-lookout.conf.example" "$text"
    return
  fi
  if [[ ! -w $(dirname "$config") ]]; then
    failed "$(dirname "$config") is read-only: $config was not written" \
      "Make it writable (chmod u+w \"$(dirname "$config")\") and run this again."
    return
  fi
  record "$4" file "$config" "$(sha_of "$text")"
  if ! { cp "$text" "$config.new" && mv "$config.new" "$config"; }; then
    rm -f "$config.new"
    failed "$config could not be written" "$(space_hint "$(dirname "$config")")"
    return
  fi
  changed "created $config"
  ok 'created from moonraker-lookout.conf.example'
}

# The folders that the service may write to have to be there before it starts.
step_folders() { # DATA RECORD
  local dir
  step "Folders in $1"
  for dir in "$1/lookout" "$1/logs"; do
    if [[ -d $dir ]]; then ok "$dir is there"; continue; fi
    planned "create the folder $dir" && continue
    if make_dir "$2" "$dir"; then
      changed "created $dir"
      ok "$dir created"
    else
      failed "$dir could not be created" "$(space_hint "$1")" "Does $(id -un) own $1? Run this as the user that Moonraker runs as."
    fi
  done
}
