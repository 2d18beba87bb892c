#!/bin/bash
# Makes a place to try it: three releases as archives, the first one unpacked and served.
# The third one is a mistake: its page doesn't say what a release's page has to say.
# Usage: prepare.sh [ROOT [PORT]]
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")"
root=${1:-scratch} port=${2:-8080}
mkdir -p "$root/releases" "$root/conf"
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

make_release() {
    local version=$1 body=$2
    mkdir -p "$work/site-$version/style"
    printf '<!doctype html>\n<title>The site</title>\n%s\n' "$body" >"$work/site-$version/index.html"
    printf 'body { margin: 2em }\n' >"$work/site-$version/style/site.css"
    tar --sort=name --owner=0 --group=0 --mtime=@1700000000 -C "$work" -czf "$root/site-$version.tar.gz" \
        "site-$version"
}

make_release 1.0.0 '<p>release 1.0.0</p>'
make_release 2.0.0 '<p>release 2.0.0</p>'
make_release 2.1.0 '<p>Internal error</p>'

tar -C "$root/releases" -xzf "$root/site-1.0.0.tar.gz"
mv -T "$root/releases/site-1.0.0" "$root/releases/1.0.0"
sed "s/\${inputs.version}/1.0.0/g; s/\${inputs.port}/$port/" nginx.conf.in >"$root/conf/1.0.0.conf"
ln -s releases/1.0.0 "$root/current"
./nginx.sh start "$root" conf/1.0.0.conf
echo "serving release 1.0.0 on http://127.0.0.1:$port/ out of $root"
