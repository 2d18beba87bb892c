#!/bin/bash
# nginx with everything of its own in one folder, ROOT: no system service, no root, no port below 1024.
#   nginx.sh start ROOT CONF       starts it with this configuration (relative to ROOT)
#   nginx.sh stop ROOT
#   nginx.sh test ROOT FILE        exit 0: nginx accepts this configuration
#   nginx.sh activate ROOT CONF    makes it the one in force, and returns once it is
#   nginx.sh serves ROOT CONF      exit 0: it is in force; 1: another one is; 2: something in between
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")"
verb=$1
cd "$2"
root=$PWD conf=${3:-}

control() { /usr/sbin/nginx -p "$root" -c "$root/active.conf" "$@"; }

# The configuration that the server at work was started or reloaded with: it tells in every answer.
in_force() {
    local listen
    listen=$(sed -n 's/^ *listen \(.*\);/\1/p' active.conf | head -n 1)
    curl --silent --head --max-time 5 "http://$listen/" | sed -n 's/^X-Configuration: \(.*\)\r$/\1/p'
}

# Those that take connections: a worker that is shutting down takes none any more.
workers() {
    local master status
    master=$(cat nginx.pid)
    for status in $(grep -l "^PPid:[[:space:]]*$master\$" /proc/[0-9]*/status 2>/dev/null || true); do
        grep -q "shutting down" "${status%/status}/cmdline" 2>/dev/null || echo "${status//[!0-9]/}"
    done
}

# nginx reloads beside the requests: for a moment the former workers still answer.
wait_until_gone() {
    local former
    for ((i = 0; i < 100; i++)); do
        former=$(comm -12 <(sort <<<"$1") <(workers | sort))
        if [[ -z $former ]]; then return 0; fi
        sleep 0.05
    done
    echo "the former workers of nginx still take connections: $former" >&2
    return 1
}

# The answer of a server whose reload was cut off changes for a moment: three that agree count.
settled() {
    local answer same=0 former=
    for ((i = 0; i < 100; i++)); do
        answer=$(in_force || true)
        if [[ $i -gt 0 && $answer == "$former" ]]; then same=$((same + 1)); else same=0; fi
        if [[ $same -eq 2 ]]; then break; fi
        former=$answer
        sleep 0.02
    done
    echo "$answer"
}

switch_link() {
    rm -f active.new
    ln -s "$conf" active.new
    mv -T active.new active.conf
}

wait_for_server() {
    for ((i = 0; i < 100; i++)); do
        if [[ $(in_force) == "$conf" ]]; then return 0; fi
        sleep 0.05
    done
    echo "nginx doesn't serve with $conf; see $root/error.log" >&2
    return 1
}

case $verb in
    start)
        mkdir -p tmp
        switch_link
        control
        wait_for_server
        ;;
    stop) control -s stop ;;
    test) /usr/sbin/nginx -t -q -p "$root" -c "$conf" ;;
    activate)
        former=$(workers)
        switch_link
        control -s reload
        wait_for_server
        wait_until_gone "$former"
        ;;
    serves)
        linked=$(readlink active.conf || true)
        serving=$(settled)
        if [[ $linked == "$conf" && $serving == "$conf" ]]; then exit 0; fi
        if [[ $linked != "$conf" && $serving != "$conf" ]]; then exit 1; fi
        exit 2
        ;;
    *)
        sed -n '3,8s/^# //p' "${BASH_SOURCE[0]}" >&2
        exit 64
        ;;
esac
