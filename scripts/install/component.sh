# shellcheck shell=bash disable=SC2034 # some variables are read by install.sh
# Our component in Moonraker: a link in its components folder, a line that keeps git quiet about it, and [lookout].

COMPONENT_NAME=lookout.py
component_source() { printf '%s/component/%s' "$CHECKOUT" "$COMPONENT_NAME"; }

component_block() {
  cat <<'BLOCK'
# The doorway of moonraker-lookout: settings may stand here as [lookout camera], [lookout backend NAME] and so on.
[lookout]
BLOCK
}

# The folder of Moonraker's Python package: as its unit names it, else as its interpreter finds it.
moonraker_package() { # UNIT
  local file dir python=python3 candidate
  local -A env=()
  for dir in "$ROOT/etc/systemd/system" "$ROOT/run/systemd/system" "$ROOT/usr/local/lib/systemd/system" \
    "$ROOT/usr/lib/systemd/system" "$ROOT/lib/systemd/system"; do
    file=$dir/$1.service
    [[ -n $1 && -s $file ]] && read_unit "$file" && python=$UNIT_PYTHON && break
  done
  for candidate in ${UNIT_SCRIPT:+"$(dirname -- "$UNIT_SCRIPT")"} ${UNIT_PYTHONPATH:+"${UNIT_PYTHONPATH%%:*}/moonraker"} \
    "$HOME/moonraker/moonraker"; do
    if [[ -f $candidate/components/announcements.py ]]; then
      realpath -- "$candidate"
      return
    fi
  done
  candidate=$("$python" -c 'import importlib.util as u; print(u.find_spec("moonraker").submodule_search_locations[0])' 2>/dev/null) || return 1
  [[ -f $candidate/components/announcements.py ]] && realpath -- "$candidate"
}

# What git calls the file, and its list of files to say nothing about; fails where Moonraker is no git checkout.
exclude_file() { # PACKAGE
  local top
  top=$(git -C "$1" rev-parse --show-toplevel 2>/dev/null) || return 1
  EXCLUDE_LINE=/$(realpath --relative-to="$top" -- "$1/components")/$COMPONENT_NAME
  EXCLUDE_FILE=$(cd -- "$1" && realpath -m -- "$(git rev-parse --git-path info/exclude)")
}

put_exclude() { # RECORD
  if [[ -f $EXCLUDE_FILE ]] && grep -qxF -- "$EXCLUDE_LINE" "$EXCLUDE_FILE"; then return; fi
  if [[ ! -f $EXCLUDE_FILE ]]; then
    printf '%s\n' "$EXCLUDE_LINE" >"$TEMP/exclude"
    create_file "$1" "$EXCLUDE_FILE" "$TEMP/exclude"
    return
  fi
  {
    cat -- "$EXCLUDE_FILE"
    [[ ! -s $EXCLUDE_FILE || -z $(tail -c 1 -- "$EXCLUDE_FILE") ]] || printf '\n'
    printf '%s\n' "$EXCLUDE_LINE"
  } >"$TEMP/exclude"
  may_change "$EXCLUDE_FILE" \
    && replace_file "$1" "$EXCLUDE_FILE" "$TEMP/exclude" "$STATE_DIR/originals/$(basename "$1").exclude"
}

put_link() { # RECORD LINK
  if [[ $(readlink -- "$2") == "$(component_source)" ]]; then return; fi
  record "$1" link "$2"
  ln -sfn -- "$(component_source)" "$2"
}

step_component() { # UNIT CONF RECORD
  local package link
  BLOCK_CHANGED=no
  step 'Component in Moonraker'
  if [[ ! -f $2 ]]; then skipped "there is no $2"; return; fi
  if ! package=$(moonraker_package "$1"); then
    skipped "Moonraker's own folder was not found, so its bell and history stay without us"
    return
  fi
  link=$package/components/$COMPONENT_NAME
  if [[ -e $link && ! -L $link ]]; then skipped "$link is there and is not ours: left as it is"; return; fi
  if [[ ! -L $link && $WITH_COMPONENT == no ]] && ! is_recorded "$3" link "$link" \
    && { [[ $ASSUME_YES == yes || $DRY_RUN == yes ]] || ! consents "Link our component into Moonraker ($package), for its bell, the print history and [lookout] in moonraker.conf?" n; }; then
    skipped 'not wanted; --component adds it later'
    return
  fi
  if [[ ! -w $package/components ]]; then
    failed "$package/components may not be written by $(id -un)" "Who owns it: $(stat -c %U "$package/components")"
    return
  fi
  if planned "link $link to $(component_source)"; then
    put_block "$3" "$2" component "$(component_block)" '[lookout]'
    return
  fi
  # The link first: [lookout] without its component is a warning of Moonraker's.
  if exclude_file "$package" && ! put_exclude "$3"; then
    note "Moonraker's update panel may call the link an anomaly: $EXCLUDE_FILE could not be written."
  fi
  if ! put_link "$3" "$link"; then failed "$link could not be made"; return; fi
  put_block "$3" "$2" component "$(component_block)" '[lookout]'
}

# Before Moonraker restarts, or it would warn of a component that is gone.
undo_links() { # RECORD
  local link
  while IFS= read -r link; do
    if [[ ! -L $link || $(readlink -- "$link") != "$(component_source)" ]]; then continue; fi
    planned "remove $link" && continue
    if rm -f -- "$link"; then ok "$link removed"; else failed "$link could not be removed"; fi
    MOONRAKER_CHANGED=yes
  done < <(recorded_paths "$1" link)
}
