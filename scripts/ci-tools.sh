#!/usr/bin/env bash
# Installs the Debian packages that the checks need beyond Node, npm and Python 3: shellcheck for the scripts, systemd for
# systemd-analyze, mosquitto as the MQTT broker of the end-to-end tests, chromium for those of the dashboard, debootstrap and
# systemd-container for scripts/debian-root-check.sh. Quick when they are there.
#
#   scripts/ci-tools.sh           shellcheck, systemd, mosquitto and chromium
#   scripts/ci-tools.sh --roots   debootstrap and systemd-container as well
set -euo pipefail

packages=()
missing() { # COMMAND PACKAGE
  command -v "$1" >/dev/null || packages+=("$2")
}

missing shellcheck shellcheck
missing systemd-analyze systemd
missing curl curl
# Not in the path of everybody.
[[ -x /usr/sbin/mosquitto ]] || missing mosquitto mosquitto
# The browser of the tests in test/browser, with a font to draw with.
missing chromium chromium
missing chromium fonts-dejavu-core
if [[ ${1:-} == --roots ]]; then
  missing debootstrap debootstrap
  missing systemd-nspawn systemd-container
fi
if ((${#packages[@]} == 0)); then exit 0; fi

as_root=()
if ((EUID != 0)); then as_root=(sudo); fi
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}"
