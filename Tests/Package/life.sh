#!/bin/bash
# The whole life of a package, as root under a booted systemd; test_package.py runs it in a container. It writes a line for
# each step to /report: "ok STEP", or "FAILED STEP" with what was printed and the state of the unit.
set -euo pipefail
exec </dev/null >/dev/null 2>&1
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
data=/var/lib/bristlecone settings=/etc/bristlecone/bristlecone.yaml

step() {
    local name=$1 output
    shift
    if output=$("$@" 2>&1); then
        echo "ok $name"
    else
        printf 'FAILED %s\n%s\n' "$name" "$output"
        systemctl status --full --no-pager --lines 30 bristlecone || true
    fi >>/report
}

fails() { ! "$@"; }

# Fails, and says something about it.
fails_saying() {
    local words=$1 output
    shift
    if output=$("$@" 2>&1); then echo "did not fail: $output"; return 1; fi
    [[ $output == *"$words"* ]] || { echo "says: $output"; return 1; }
}

eventually() {
    local tries
    for tries in $(seq 300); do
        "$@" && return
        sleep 0.1
    done
    "$@"
}

pid() { systemctl show --property MainPID --value bristlecone; }
is_another_than() { [ "$(pid)" != "$1" ] && [ "$(pid)" != 0 ] && systemctl is-active bristlecone; }
is_still() { [ "$(pid)" = "$1" ] && systemctl is-active bristlecone; }
log() { journalctl --unit bristlecone --boot --output cat; }
log_says() { log | grep -F "$1" || { log | tail -n 20; return 1; }; }
log_never_says() { ! log | grep -E "$1"; }
is_found() { bristlecone find greeting --local --data $data | grep hello; }
as() { local user=$1; shift; setpriv --reuid="$user" --regid="$user" --init-groups "$@"; }
answers() { bristlecone status --data $data; }
http_answers() {
    exec 3<>/dev/tcp/127.0.0.1/8085 || return
    printf 'GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
    head -n 1 <&3 | grep "200 OK"
}

ip link set lo up

step "install" dpkg --install /older.deb
step "runs" answers
step "store" bristlecone store greeting hello --data $data
step "no noise in the log" log_never_says 'thread priority|Ctrl-C|Next, in another'
step "the log says where it runs" log_says "is running on"
step "exposure of at most 1.1" systemd-analyze security --threshold=11 bristlecone

useradd alice && useradd --groups bristlecone bob
step "a member of the group reads the status" as bob bristlecone status --data $data
step "a member of the group does not store" fails as bob bristlecone store key value --data $data
step "a member of the group reads no key" fails as bob cat $data/identity.key
step "a member of the group reads no archive" fails as bob cat $data/archive.mdb
step "a stranger reads nothing" fails as alice bristlecone status --data $data

before=$(pid)
step "reload" systemctl reload bristlecone
step "SIGHUP" systemctl kill --signal HUP bristlecone
step "SIGUSR1" systemctl kill --signal USR1 bristlecone
step "is the same process afterwards" is_still "$before"
step "answers afterwards" answers
cp $settings /settings
echo "nonsense: 1" >>$settings
step "reload with a bad configuration fails" fails systemctl reload bristlecone
step "the node goes on" is_still "$before"
step "restart with a bad configuration fails" fails systemctl restart bristlecone
step "the log says what is wrong" log_says nonsense
step "the unit is failed and stays so" systemctl is-failed bristlecone
cp /settings $settings
echo "# Changed by hand." >>$settings
sed -i 's/^  #listen: .*/  listen: ["127.0.0.1:8085"]/' $settings
step "restart with a good one" systemctl restart bristlecone
step "HTTP is served" http_answers
step "the log says how a flood does less harm" log_says "SystemCallFilter=setpriority"

before=$(pid)
systemctl kill --signal KILL bristlecone
step "restarts after kill -9" eventually is_another_than "$before"
step "the value survives kill -9" is_found
step "the log tells of the unclean end" eventually log_says "ended without stopping"

mkdir -p /etc/systemd/system/bristlecone.service.d
printf '[Service]\nWatchdogSec=2\nTimeoutAbortSec=1\n' >/etc/systemd/system/bristlecone.service.d/quick.conf
systemctl daemon-reload
systemctl restart bristlecone
before=$(pid)
kill -STOP "$before"
step "the watchdog restarts a node that hangs" eventually is_another_than "$before"
rm -r /etc/systemd/system/bristlecone.service.d
systemctl daemon-reload
step "restart after that" systemctl restart bristlecone

step "backup beside the node" systemctl start bristlecone-backup
systemctl stop bristlecone
sleep 1
step "backup of a stopped node" systemctl start bristlecone-backup
step "the last backup of a day is kept" test "$(ls /var/backups/bristlecone | wc -l)" = 1
step "nobody else reads backups" fails as bob ls /var/backups/bristlecone
step "restore" bristlecone restore "/var/backups/bristlecone/$(ls /var/backups/bristlecone | tail -n 1)" --data $data
step "start after the restore" systemctl start bristlecone
step "the value is restored" is_found
step "the timer" systemctl enable --now bristlecone-backup.timer

# More starts than an operator makes in ten minutes come together here.
systemctl reset-failed bristlecone
before=$(pid)
step "upgrade" dpkg --force-confdef --install /current.deb
step "the upgrade restarts the node" eventually is_another_than "$before"
step "the value survives the upgrade" is_found
step "the settings survive the upgrade" grep "Changed by hand" $settings

cp $settings /etc/bristlecone/second.yaml
step "a second node without a port of its own fails" fails systemctl start bristlecone@second
sed -i 's/^#listen:/listen: ["127.0.0.1:8099"]\n#listen:/; s/8085/8086/' /etc/bristlecone/second.yaml
step "a second node" systemctl start bristlecone@second
step "the second node answers" bristlecone status --data /var/lib/bristlecone-nodes/second
step "a backup of the second node" systemctl start bristlecone-backup@second
step "the second node stops" systemctl stop bristlecone@second
sleep 1
step "a backup of the second node that is stopped" systemctl start bristlecone-backup@second
step "it is a backup" bristlecone backup check "$(echo /var/backups/bristlecone-nodes/second/*)"
step "the timer of the second node" systemctl enable --now bristlecone-backup@second.timer

step "upgrade to a later series" dpkg --install /later.deb
step "downgrade is refused" fails_saying "may not read its archive" dpkg --install /current.deb
step "the node goes on after that" eventually answers
systemctl stop bristlecone
mv $data /data
step "downgrade with a second node's data alone is refused" fails_saying "may not read" dpkg --install /current.deb
# What was refused has started the service again.
systemctl stop bristlecone
rm -rf $data
mv /data $data
step "start after that" systemctl start bristlecone
step "the later version is still there" test "$(dpkg-query -W -f '${Version}' bristlecone)" = 9.0.0

step "remove" dpkg --remove bristlecone
step "removing stops the node" fails pgrep -x bristlecone
step "removing keeps the data" test -e $data/archive.mdb -a -e $data/identity.key -a -e $settings
step "reinstall" dpkg --install /current.deb
step "the value is there again" is_found
step "purge without an answer" dpkg --purge bristlecone
step "that keeps the data" test -e $data/identity.key -a -e /var/backups/bristlecone
step "that removes the settings" test ! -e $settings
step "reinstall after that" dpkg --install /current.deb
step "the value is there once more" is_found
echo "bristlecone bristlecone/delete_data boolean true" | debconf-set-selections
step "purge with yes" dpkg --purge bristlecone
step "that deletes the data" test ! -e $data -a ! -e /var/backups/bristlecone -a ! -e /var/backups/bristlecone-nodes
step "no unit is left" fails systemctl cat bristlecone
step "no process is left" fails pgrep -x bristlecone
echo "end" >>/report
