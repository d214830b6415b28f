# shellcheck shell=bash
# Finds a Node that is new enough with its npm, or brings one: Debian's package, else the official build in a folder of
# our own. The system's own Node is never replaced.

NODE_MIN_MAJOR=20
NODE_MIN_MINOR=19
# The newest line of Node that still has builds for 32-bit Arm.
NODE_LINE=latest-v22.x
NODE_DIR=$STATE_DIR/node

# The node to use, as an absolute path; its folder also holds npm.
NODE=''

is_new_enough() { # VERSION, such as v20.19.2 or 20.19.2+dfsg-1
  local version=${1#v} major minor
  version=${version#*:}
  IFS=. read -r major minor _ <<<"$version"
  [[ $major =~ ^[0-9]+$ && $minor =~ ^[0-9]+$ ]] || return 1
  ((major > NODE_MIN_MAJOR || (major == NODE_MIN_MAJOR && minor >= NODE_MIN_MINOR)))
}

# Succeeds for a node that runs, is new enough and has npm beside it.
is_usable_node() { # FILE
  local version
  [[ -x $1 && -x $(dirname "$1")/npm ]] || return 1
  version=$("$1" --version 2>/dev/null) || return 1
  is_new_enough "$version"
}

use_node() { # FILE
  NODE=$1
  PATH=$(dirname "$1"):$PATH
  export PATH
}

# Looks in the places that outlive a login before the user's own PATH: a service has no login.
find_node() {
  local candidate
  for candidate in "$ROOT/usr/bin/node" "$ROOT/usr/local/bin/node" "$(command -v node || true)" "$NODE_DIR/bin/node"; do
    [[ -n $candidate ]] || continue
    if is_usable_node "$candidate"; then
      use_node "$candidate"
      return
    fi
  done
  return 1
}

# x64, arm64 or armv7l, by what programs are built for here: a 64-bit kernel often runs a 32-bit Raspberry Pi OS.
node_architecture() {
  local machine userland=''
  machine=$(uname -m)
  if command -v dpkg >/dev/null; then userland=$(dpkg --print-architecture 2>/dev/null || true); fi
  case ${userland:-$machine} in
    amd64 | x86_64) printf 'x64' ;;
    arm64) printf 'arm64' ;;
    aarch64) [[ $(getconf LONG_BIT) == 64 ]] && printf 'arm64' || printf 'armv7l' ;;
    armhf | armv7l) [[ $machine == armv6l ]] && return 1 || printf 'armv7l' ;;
    *) return 1 ;;
  esac
}

# Version that apt would install, empty where it has none.
apt_candidate() { # PACKAGE
  command -v apt-cache >/dev/null || return 0
  apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: *//p' | grep -vxF '(none)' || true
}

download() { # URL FILE
  if command -v curl >/dev/null; then
    curl -fsSL --retry 2 --connect-timeout 20 -o "$2" "$1"
  elif command -v wget >/dev/null; then
    wget -q --tries=3 --connect-timeout=20 -O "$2" "$1"
  elif command -v python3 >/dev/null; then
    python3 -c 'import sys, urllib.request, shutil
with urllib.request.urlopen(sys.argv[1], timeout=30) as r, open(sys.argv[2], "wb") as f: shutil.copyfileobj(r, f)' "$1" "$2"
  else
    note 'There is no curl, wget or python3 to download with.'
    return 1
  fi
}

install_debian_node() {
  planned "run: sudo apt-get install -y --no-install-recommends nodejs npm" && return
  if ! as_root apt-get install -y --no-install-recommends nodejs npm >"$TEMP/apt.log" 2>&1; then
    tail -n 5 "$TEMP/apt.log" | sed 's/^/     /'
    return 1
  fi
  record "$HOST_RECORD" set debian-packages 'nodejs npm'
  changed 'installed the Debian packages nodejs and npm'
  find_node
}

# Downloads, checks and unpacks the official build. Every stop on the way leaves the old folder, or none.
install_official_node() {
  local mirror=${NODE_DIST_URL:-https://nodejs.org/dist} architecture sums name sum have
  mirror=${mirror%/}
  if ! architecture=$(node_architecture); then
    die 1 "there is no official Node $NODE_MIN_MAJOR build for this machine ($(uname -m))" \
      "Install Node $NODE_MIN_MAJOR.$NODE_MIN_MINOR or newer in another way, so that \`node --version\` and \`npm --version\` work, and run this again."
  fi
  planned "download Node from $mirror/$NODE_LINE/ for linux-$architecture, check its SHA-256 and unpack it to $NODE_DIR" && return
  sums=$TEMP/SHASUMS256.txt
  download "$mirror/$NODE_LINE/SHASUMS256.txt" "$sums" \
    || die 1 "cannot download $mirror/$NODE_LINE/SHASUMS256.txt" \
      'Check the network of this host. NODE_DIST_URL may name a mirror: NODE_DIST_URL=https://… ./install.sh'
  read -r sum name < <(grep -E "^[0-9a-f]{64}  node-v[0-9.]+-linux-$architecture\.tar\.gz$" "$sums" || true) || true
  [[ -n ${name:-} ]] || die 1 "$mirror/$NODE_LINE has no build for linux-$architecture"
  download "$mirror/$NODE_LINE/$name" "$TEMP/$name" \
    || die 1 "cannot download $mirror/$NODE_LINE/$name" "$(space_hint "$TEMP")" 'Run this again when the network is back.'
  have=$(sha_of "$TEMP/$name")
  [[ $have == "$sum" ]] \
    || die 1 "$name is not what SHASUMS256.txt says: expected $sum, got $have" \
      'It was not unpacked. A broken download or a bad mirror: run this again, or name another mirror in NODE_DIST_URL.'
  record "$HOST_RECORD" tree "$NODE_DIR"
  rm -rf "$NODE_DIR.new"
  mkdir -p "$NODE_DIR.new"
  tar -xzf "$TEMP/$name" -C "$NODE_DIR.new" --strip-components=1 --exclude='*/include' --exclude='*/share' \
    || die 1 "cannot unpack $name to $NODE_DIR" "$(space_hint "$NODE_DIR.new")"
  rm -f "$TEMP/$name"
  is_usable_node "$NODE_DIR.new/bin/node" \
    || die 1 "the official Node does not run here: $("$NODE_DIR.new/bin/node" --version 2>&1 | head -n 1 || true)" \
      'It needs glibc 2.28 and libstdc++ of Debian 10 or newer.'
  rm -rf "$NODE_DIR"
  mv "$NODE_DIR.new" "$NODE_DIR"
  changed "unpacked ${name%.tar.gz} to $NODE_DIR"
  use_node "$NODE_DIR/bin/node"
}

space_hint() { # DIR
  printf 'Free space in %s: %s MB.' "$1" "$(free_mb "$1")"
}

free_mb() { # DIR
  local dir=$1
  while [[ ! -d $dir ]]; do dir=$(dirname "$dir"); done
  df -Pk "$dir" | awk 'NR == 2 { printf "%d", $4 / 1024 }'
}

step_node() {
  local found candidate
  step 'Node'
  if find_node; then
    ok "Node $("$NODE" --version) ($NODE)"
    return
  fi
  if found=$(command -v node); then
    note "$found is $("$found" --version 2>/dev/null || echo 'broken'), or has no npm: moonraker-lookout needs Node $NODE_MIN_MAJOR.$NODE_MIN_MINOR with npm. It stays as it is."
  fi
  candidate=$(apt_candidate nodejs)
  if [[ -n $candidate ]] && is_new_enough "$candidate" && [[ -n $(apt_candidate npm) ]]; then
    if install_debian_node; then
      [[ -z $NODE ]] || ok "Node $("$NODE" --version), installed as a Debian package ($NODE)"
      return
    fi
    note "Debian's packages could not be installed; taking the official build in place of them."
  fi
  install_official_node
  [[ -z $NODE ]] || ok "Node $("$NODE" --version), official build ($NODE)"
}
