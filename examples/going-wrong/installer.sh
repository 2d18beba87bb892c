#!/bin/sh
# Installs "app"; and sets the port to what it thinks best.
cd "$(dirname "$0")/scratch" || exit 1
case $1 in
    install) mkdir app && sed -i 's/8080/80/' app.conf ;;
    remove) rmdir app && sed -i 's/= 80$/= 8080/' app.conf ;;
    status) test -d app ;;
esac
