#!/bin/bash
# Installs into a scratch folder, and builds a small program against what was installed: by find_package, shared and
# static, and by pkg-config. Then compiles all installed headers, with nothing but the installed include path.
# Usage: package_test.sh BUILD-FOLDER SOURCE-FOLDER CMAKE CXX

set -eu
build=$1 source=$2 cmake=$3 cxx=$4
scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
prefix="$scratch/a prefix"

expect() {
    if [[ $1 != "$2" ]]; then
        printf 'expected "%s", got "%s" (%s)\n' "$2" "$1" "$3" >&2
        exit 1
    fi
}

"$cmake" --install "$build" --prefix "$prefix" >"$scratch/install.log"
"$cmake" -G Ninja -S "$source/tests/package/consumer" -B "$scratch/build" -DCMAKE_PREFIX_PATH="$prefix" \
    -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_BUILD_TYPE=Debug >"$scratch/configure.log"
"$cmake" --build "$scratch/build" >"$scratch/build.log" || { cat "$scratch/build.log" >&2; exit 1; }
expect "$("$scratch/build/consumer_backout")" "1m30s ba7816bf" "find_package, shared"
expect "$("$scratch/build/consumer_static")" "1m30s ba7816bf" "find_package, static"

# The example for programs that embed the library, as its readers build it.
"$cmake" -G Ninja -S "$source/examples/embed" -B "$scratch/embed" -DCMAKE_PREFIX_PATH="$prefix" \
    -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_BUILD_TYPE=Debug >"$scratch/embed.log"
"$cmake" --build "$scratch/embed" >"$scratch/embed-build.log" || { cat "$scratch/embed-build.log" >&2; exit 1; }
expect "$("$scratch/embed/lamp" "$scratch/state" | tail -n 1)" \
    "the run is rolled_back; the lamp is at 80 %" "examples/embed"

pc=$(find "$prefix" -name backout.pc)
export PKG_CONFIG_PATH="${pc%/*}:${PKG_CONFIG_PATH:-}"
# pkg-config escapes the space in the prefix for a shell.
eval "flags=($(pkg-config --cflags --libs backout))"
"$cxx" -std=c++20 "$source/tests/package/consumer/consumer.cpp" "${flags[@]}" -o "$scratch/by_pkg_config"
include="$prefix/include"
library=$(dirname "$(find "$prefix" -name libbackout.so)")
expect "$(LD_LIBRARY_PATH="$library" "$scratch/by_pkg_config")" "1m30s ba7816bf" "pkg-config"

while IFS= read -r header; do
    printf '#include <%s>\n' "${header#"$include/"}"
done < <(find "$include/backout" -name '*.h' | sort) >"$scratch/all.cpp"
if [[ $(wc -l <"$scratch/all.cpp") -lt 10 ]]; then
    echo "hardly any header was installed" >&2
    exit 1
fi
"$cxx" -std=c++20 -fsyntax-only -I"$include" -I"$include/backout" "$scratch/all.cpp"
echo "package: $(wc -l <"$scratch/all.cpp") headers, 4 programs"
