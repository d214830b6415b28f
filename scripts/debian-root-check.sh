#!/usr/bin/env bash
# Installs, runs, updates and removes moonraker-lookout in a clean Debian root with its own systemd, beside a virtual
# Moonraker. Needs root, debootstrap and systemd-nspawn (scripts/ci-tools.sh --roots) and Debian's package archive.
#
#   scripts/debian-root-check.sh bookworm | trixie
#
# The root is kept for the next run in $LOOKOUT_ROOTS (/var/tmp/lookout-roots). What is committed is what is installed.
set -euo pipefail

SUITE=${1:?which Debian: bookworm or trixie}
HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
ROOTS=${LOOKOUT_ROOTS:-/var/tmp/lookout-roots}
BASE=$ROOTS/$SUITE
ROOT=$ROOTS/$SUITE-check

if ((EUID != 0)); then
  echo 'This needs root: sudo scripts/debian-root-check.sh' >&2
  exit 1
fi
for command in debootstrap systemd-nspawn; do
  command -v "$command" >/dev/null || { echo "$command is missing: scripts/ci-tools.sh --roots" >&2; exit 1; }
done

mkdir -p "$ROOTS"
if [[ ! -f $BASE/.complete ]]; then
  rm -rf "$BASE"
  debootstrap --variant=minbase \
    --include=systemd,systemd-sysv,dbus,ca-certificates,sudo,git,curl,python3,procps \
    "$SUITE" "$BASE" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" >"$ROOTS/$SUITE.log" 2>&1 \
    || { tail -n 20 "$ROOTS/$SUITE.log" >&2; exit 1; }
  touch "$BASE/.complete"
fi
rm -rf "$ROOT"
cp -a --reflink=auto "$BASE" "$ROOT"
rm -f "$ROOT/.complete"

# A user and a Moonraker as MainsailOS has them.
chroot "$ROOT" useradd -m -s /bin/bash pi
echo 'pi ALL=(ALL) NOPASSWD:ALL' >"$ROOT/etc/sudoers.d/pi"
DATA=$ROOT/home/pi/printer_data
mkdir -p "$DATA"/{config,logs,gcodes,systemd,database} "$ROOT/home/pi/.ssh" "$ROOT/opt/virtual"
touch "$ROOT/home/pi/.ssh/id_probe"
printf '[server]\nhost: 0.0.0.0\nport: 7185\n\n[authorization]\ntrusted_clients:\n    127.0.0.1\n' >"$DATA/config/moonraker.conf"
printf 'klipper_mcu\nwebcamd\nKlipperScreen' >"$DATA/moonraker.asvc"
git clone -q --bare "$HERE" "$ROOT/home/pi/origin.git"
# Whatever is checked out here becomes the branch that is installed.
git -C "$ROOT/home/pi/origin.git" symbolic-ref HEAD "refs/heads/$(git -C "$HERE" symbolic-ref --short HEAD)"
chroot "$ROOT" chown -R pi:pi /home/pi
cat >"$ROOT/etc/systemd/system/moonraker.service" <<'UNIT'
[Unit]
Description=a virtual Moonraker
[Service]
User=pi
ExecStart=/opt/virtual/moonraker.py -d /home/pi/printer_data
[Install]
WantedBy=multi-user.target
UNIT
printf '#!/bin/sh\nexec /opt/virtual/node /opt/virtual/host.mjs 7185 7186\n' >"$ROOT/opt/virtual/moonraker.py"
chmod +x "$ROOT/opt/virtual/moonraker.py"
cp "$(readlink -f "$(command -v node)")" "$ROOT/opt/virtual/node"
"$HERE/node_modules/.bin/esbuild" "$HERE/scripts/debian-root/virtual-host.ts" --bundle --format=esm --platform=node --external:sharp \
  --banner:js="import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" \
  --log-level=warning --outfile="$ROOT/opt/virtual/host.mjs"
cp "$HERE/scripts/debian-root/inside.sh" "$ROOT/opt/inside.sh"

# Where nodejs.org is out of reach, this machine's own Node stands in for its official build.
MIRROR_PID=''
ENVIRONMENT=''
if ! curl -fsI -m 10 https://nodejs.org/dist/latest-v22.x/SHASUMS256.txt >/dev/null 2>&1; then
  echo "nodejs.org cannot be reached: this machine's Node $(node --version) is served as the official build"
  MIRROR=$(mktemp -d)
  name=node-$(node --version)-linux-x64
  mkdir -p "$MIRROR/$name/bin" "$MIRROR/$name/lib/node_modules" "$MIRROR/latest-v22.x"
  cp "$ROOT/opt/virtual/node" "$MIRROR/$name/bin/node"
  npm_root=$(npm root -g 2>/dev/null)
  cp -rL "$npm_root/npm" "$MIRROR/$name/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$MIRROR/$name/bin/npm"
  tar -czf "$MIRROR/latest-v22.x/$name.tar.gz" -C "$MIRROR" "$name"
  (cd "$MIRROR/latest-v22.x" && sha256sum "$name.tar.gz" >SHASUMS256.txt)
  python3 -m http.server 7188 --bind 127.0.0.1 --directory "$MIRROR" >/dev/null 2>&1 &
  MIRROR_PID=$!
  ENVIRONMENT='Environment=NODE_DIST_URL=http://127.0.0.1:7188'
fi
trap '[[ -z $MIRROR_PID ]] || { kill "$MIRROR_PID"; rm -rf "$MIRROR"; }' EXIT

cat >"$ROOT/etc/systemd/system/inside.service" <<UNIT
[Unit]
After=network-online.target moonraker.service
[Service]
Type=oneshot
$ENVIRONMENT
# The certificate authorities of this machine, also those of a proxy that it may sit behind.
Environment=NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
ExecStart=/bin/bash /opt/inside.sh
ExecStopPost=/bin/systemctl --no-block poweroff
StandardOutput=file:/var/log/inside.log
StandardError=inherit
TimeoutStartSec=20min
[Install]
WantedBy=multi-user.target
UNIT
cp /etc/ssl/certs/ca-certificates.crt "$ROOT/etc/ssl/certs/ca-certificates.crt"
cp /etc/hosts "$ROOT/etc/hosts"
chroot "$ROOT" systemctl enable -q moonraker inside 2>/dev/null

timeout 1500 systemd-nspawn -q -D "$ROOT" --boot --register=no --keep-unit --resolv-conf=copy-host \
  --bind-ro="$HERE/node_modules:/opt/virtual/node_modules" --console=pipe </dev/null >"$ROOTS/$SUITE-boot.log" 2>&1 || true
if [[ ! -s $ROOT/var/log/inside.log ]]; then
  tail -n 20 "$ROOTS/$SUITE-boot.log" >&2
  echo 'the root did not boot' >&2
  exit 1
fi
cat "$ROOT/var/log/inside.log"
grep -q ' passed, 0 failed$' "$ROOT/var/log/inside.log" && ! grep -q '^WRONG' "$ROOT/var/log/inside.log"
