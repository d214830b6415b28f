#!/usr/bin/env bash
# Runs inside the Debian root, as root, under its own systemd: installs, runs, updates and removes moonraker-lookout as the
# user pi would, and says of each step whether it held.
set -uo pipefail

HOME_DIR=/home/pi
CHECKOUT=$HOME_DIR/moonraker-lookout
DATA=$HOME_DIR/printer_data
CONF=$DATA/config/moonraker-lookout.conf
PASSED=0 FAILED=0

as_pi() { runuser -u pi -- env -C "$HOME_DIR" HOME=$HOME_DIR USER=pi ${NODE_DIST_URL:+NODE_DIST_URL="$NODE_DIST_URL"} "$@"; }

expect() { # WHAT COMMAND...
  local what=$1
  shift
  local code=0
  "$@" >/tmp/out 2>&1 || code=$?
  if ((code == 0)); then
    PASSED=$((PASSED + 1))
    printf 'ok    %s\n' "$what"
  else
    FAILED=$((FAILED + 1))
    printf 'WRONG %s (exit %s)\n' "$what" "$code"
    tail -n 40 /tmp/out | sed 's/^/      /'
  fi
}

tree() { (cd / && find home/pi etc/systemd -path home/pi/origin.git -prune -o \( -type f -printf '%p %m ' -exec sh -c 'sha256sum <"$1"' _ {} \; \) -o -printf '%p %m %l\n') | sort; }

until_true() { # SECONDS COMMAND...
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || return 1
    sleep 0.5
  done
}

is_in_state() { [[ $(systemctl show -P ActiveState moonraker-lookout) == "$1" ]]; }
# Runs a command where the service runs: its mounts, its user.
in_sandbox() {
  nsenter -m -t "$(systemctl show -P MainPID moonraker-lookout)" -- setpriv --reuid=pi --regid=pi --init-groups "$@"
}
refuses() { ! "$@"; }
is_read_only() { # PATH
  refuses in_sandbox touch "$1"
}

# shellcheck disable=SC1091 # of the root
. /etc/os-release
printf '%s, systemd %s, Node of the system: %s\n' "$PRETTY_NAME" "$(systemctl --version | sed -n '1s/systemd \([0-9]*\).*/\1/p')" "$(node --version 2>/dev/null || echo none)"

until_true 60 curl -fs http://127.0.0.1:7185/server/info || echo 'the virtual Moonraker does not answer'
as_pi git clone -q $HOME_DIR/origin.git $CHECKOUT
tree >/tmp/tree.before

expect 'root is refused' refuses $CHECKOUT/install.sh --yes
expect 'a dry run changes nothing' as_pi $CHECKOUT/install.sh --dry-run
tree | cmp -s - /tmp/tree.before || echo 'WRONG the dry run left something'
start=$SECONDS
expect 'install.sh --yes' as_pi $CHECKOUT/install.sh --yes
cp /tmp/out /tmp/install.log
printf '      %s s; Node for the service: %s\n' $((SECONDS - start)) "$(sed -n 's/^ExecStart="\([^"]*\)".*/\1/p' /etc/systemd/system/moonraker-lookout.service)"
expect 'Moonraker was restarted, as nothing printed' grep -q 'moonraker restarted' /tmp/install.log
until_true 30 curl -fs http://127.0.0.1:7185/server/info
expect 'the address and the webcam were filled in' grep -qx -e 'url: ws://127.0.0.1:7185/websocket' -e 'webcam: Bed' $CONF
# shellcheck disable=SC2016 # for the inner shell
expect 'systemd-analyze verify is silent' sh -c 'test -z "$(systemd-analyze verify /etc/systemd/system/moonraker-lookout.service 2>&1)"'
systemd-analyze security --no-pager moonraker-lookout.service | tail -n 1 | sed 's/^/      /'

# What a user might do next: name a service for when the built-in detector fails, with the key in a file of its own.
printf '[backend octoeverywhere]\napi_key: key-of-no-worth\n' | as_pi sh -c 'umask 077; cat >~/lookout-secrets.conf'
# Neither is this host a printer's, nor is it idle: how busy it is must not slow the looks.
as_pi sed -i -e 's,^#use: .*,use: builtin\, octoeverywhere,' -e 's,^#busy_load: .*,busy_load: 0,' -e 's,^#url: https://gadget.*,url: http://127.0.0.1:7186,' -e "s,^#file:$,file: $HOME_DIR/lookout-secrets.conf," $CONF
service_node=$(sed -n 's/^ExecStart="\([^"]*\)".*/\1/p' /etc/systemd/system/moonraker-lookout.service)
expect 'check is green' as_pi "$service_node" $CHECKOUT/dist/main.js check --config $CONF
sed 's/^/      /' /tmp/out

if ! grep -rq NOTIFY_SOCKET $CHECKOUT/src; then
  echo '      this version does not speak to systemd yet: Type=exec for this check'
  mkdir -p /etc/systemd/system/moonraker-lookout.service.d
  printf '[Service]\nType=exec\nWatchdogSec=0\n' >/etc/systemd/system/moonraker-lookout.service.d/check.conf
  systemctl daemon-reload
fi
start=$SECONDS
systemctl restart moonraker-lookout
expect 'the service is active' until_true 60 is_in_state active
printf '      %s s; %s\n' $((SECONDS - start)) "$(systemctl show -p StatusText,MemoryCurrent,TasksCurrent,NRestarts moonraker-lookout | paste -sd ' ')"
expect 'it writes its log' until_true 20 grep -q . $DATA/logs/moonraker-lookout.log
expect 'it may write settings, logs and records' in_sandbox touch $DATA/config/.probe $DATA/logs/.probe $DATA/lookout/.probe
rm -f $DATA/config/.probe $DATA/logs/.probe $DATA/lookout/.probe
for path in $CHECKOUT/probe $CHECKOUT/dist/probe $CHECKOUT/node_modules/probe $HOME_DIR/probe $DATA/gcodes/probe $DATA/moonraker.asvc /var/tmp/../lib/probe; do
  expect "it may not write $path" is_read_only "$path"
done
expect 'it does not see ~/.ssh' refuses in_sandbox ls $HOME_DIR/.ssh/id_probe

kill -USR1 "$(systemctl show -P MainPID moonraker)"
print_state() { curl -fs -H 'content-type: application/json' -d '{"objects":{"print_stats":["state"]}}' http://127.0.0.1:7185/printer/objects/query; }
is_paused() { print_state | grep -q '"state": *"paused"'; }
expect 'in its sandbox it pauses a print that fails' until_true 150 is_paused
is_paused || tail -n 40 $DATA/logs/moonraker-lookout.log
grep -E 'acting on|action ended' $DATA/logs/moonraker-lookout.log | sed 's/^/      /'

# An update as Moonraker does it: pull, then restart the service.
as_pi sh -c "git clone -q origin.git work && cd work && git config user.email pi@localhost && git config user.name pi"
publish() { as_pi sh -c "cd work && git commit -qam '$1' && git push -q" && as_pi git -C $CHECKOUT pull -q; }
as_pi sh -c "cd work && sed -i 's/\"version\": \"[0-9.]*\"/\"version\": \"9.9.9\"/' package.json && printf '\n// changed\n' >>src/main.ts"
publish 'a new version'
start=$SECONDS
systemctl restart moonraker-lookout
expect 'after a pull the restart runs the new code' until_true 60 grep -q '9\.9\.9' $DATA/logs/moonraker-lookout.log
printf '      %s s with the rebuild\n' $((SECONDS - start))
as_pi sh -c "cd work && echo 'this is not code' >>src/main.ts"
publish 'a version that cannot be built'
systemctl restart moonraker-lookout
expect 'a version that cannot be built leaves the old one running' until_true 60 is_in_state active
expect '… and the journal says so' sh -c 'journalctl -u moonraker-lookout -p warning --no-pager | grep -q "building failed"'
expect 'git says that the checkout is clean' sh -c "test -z \"\$(runuser -u pi -- git -C $CHECKOUT status --porcelain)\""

printf '[detection]\nenabled: perhaps\n' >$CONF
systemctl restart moonraker-lookout
expect 'wrong settings end with 78 and are not tried again' until_true 30 is_in_state failed
sleep 12
expect '… not even later' is_in_state failed
printf '      exit status %s, %s restarts\n' "$(systemctl show -P ExecMainStatus moonraker-lookout)" "$(systemctl show -P NRestarts moonraker-lookout)"

rm -rf /etc/systemd/system/moonraker-lookout.service.d
expect 'uninstall --purge' as_pi $CHECKOUT/install.sh --uninstall --purge --yes
rm -rf $HOME_DIR/lookout-secrets.conf $HOME_DIR/work
as_pi git -C $CHECKOUT reset -q --hard HEAD~2 && as_pi git -C $CHECKOUT gc -q
tree >/tmp/tree.after
# git's own files move with the pulls.
expect 'the tree is as it was, byte for byte' sh -c 'grep -v "^home/pi/moonraker-lookout/\.git" /tmp/tree.before >/tmp/a; grep -v "^home/pi/moonraker-lookout/\.git" /tmp/tree.after | diff /tmp/a -'
printf '%s passed, %s failed\n' "$PASSED" "$FAILED"
