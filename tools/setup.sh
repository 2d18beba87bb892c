# Functions shared by tools/backout and tools/test: installing what is missing, and building. Sourced, never run.
# Requires: bash, and `root` set to the checkout's folder. Everything speaks on stderr; stdin and stdout are left alone.

say() { printf 'backout: %s\n' "$*" >&2; }

# The packages of the given tiers that dpkg doesn't know as installed, on one line.
missing_packages() {
    local tiers=" $* " tier package wanted=()
    while read -r tier package _; do
        if [[ $tiers == *" $tier "* ]]; then wanted+=("$package"); fi
    done <"$root/tools/packages.txt"
    local installed
    installed=" $(dpkg-query -W -f='${db:Status-Status}=${Package} ' "${wanted[@]}" 2>/dev/null) "
    local missing=()
    for package in "${wanted[@]}"; do
        if [[ $installed != *" installed=$package "* ]]; then missing+=("$package"); fi
    done
    printf '%s' "${missing[*]}"
}

# apt-get as root, directly or through sudo; what it prints goes to the log.
run_apt() {
    local log=$1
    shift
    local command=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@")
    if [[ $EUID -ne 0 ]]; then command=(sudo "${command[@]}"); fi
    "${command[@]}" >>"$log" 2>&1 </dev/null
}

# Installs what is missing of the given tiers. Returns 77 if it may not, 1 if apt failed.
install_missing() {
    if ! command -v dpkg-query >/dev/null; then
        say "this is no Debian: if the build fails, install what tools/packages.txt lists, under the names used here"
        return 0
    fi
    local missing
    missing=$(missing_packages "$@")
    if [[ -z $missing ]]; then return 0; fi
    if [[ $EUID -ne 0 ]] && ! command -v sudo >/dev/null; then
        say "building needs packages that are not installed: $missing"
        say "you are not root and there is no sudo; ask an administrator for: apt-get install $missing"
        return 77
    fi
    local log="$root/build/install.log"
    say "building needs packages that are not installed: $missing"
    say "installing them with apt-get$([[ $EUID -eq 0 ]] || printf ' through sudo'); details in $log"
    : >"$log"
    local -a names
    read -ra names <<<"$missing"
    run_apt "$log" update || say "apt-get update failed; trying with the package lists that are there"
    if ! run_apt "$log" install -y --no-install-recommends "${names[@]}"; then
        tail -n 20 "$log" >&2
        say "installing failed; the whole output is in $log; by hand it is: apt-get install $missing"
        return 1
    fi
}

# How many compilers may run at once: one a processor, and 1.2 GB of free memory for each.
build_jobs() {
    local jobs available
    jobs=$(nproc)
    available=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB$/\1/p' /proc/meminfo)
    if [[ -n $available && $jobs -gt $((available / 1200000)) ]]; then jobs=$((available / 1200000)); fi
    if [[ $jobs -lt 1 ]]; then jobs=1; fi
    printf '%s' "$jobs"
}

# The commit that is checked out, without needing git; empty if it can't be told (then only file times count).
checked_out_commit() {
    local folder="$root/.git" line=
    if [[ -f $folder ]]; then
        read -r line <"$folder"
        folder=${line#gitdir: }
        if [[ $folder != /* ]]; then folder="$root/$folder"; fi
    fi
    line=
    if [[ -r $folder/HEAD ]]; then read -r line <"$folder/HEAD" || true; fi
    local reference=${line#ref: }
    if [[ $reference != "$line" && -r $folder/$reference ]]; then read -r line <"$folder/$reference" || true; fi
    printf '%s' "$line"
}

# True iff the program in build folder $1 was built from what the checkout holds now. Costs a few milliseconds.
is_fresh() {
    local stamp="$1/.built-from" commit=
    if [[ ! -x $1/bin/backout || ! -f $stamp ]]; then return 1; fi
    read -r commit <"$stamp" || true
    if [[ $commit != "$(checked_out_commit)" ]]; then return 1; fi
    local newer
    newer=$(find "$root/src" "$root/journal" "$root/compensators" "$root/CMakeLists.txt" "$root/tools/cmake" \
        "$root/tools/rooms.txt" -newer "$stamp" -print -quit)
    [[ -z $newer ]]
}

# Shows ninja's progress: one moving line on a terminal, a line at each quarter otherwise.
show_progress() {
    local line done total quarter=0
    while IFS= read -r line; do
        if [[ ! $line =~ ^\[([0-9]+)/([0-9]+)\] ]]; then continue; fi
        done=${BASH_REMATCH[1]} total=${BASH_REMATCH[2]}
        if [[ -t 2 ]]; then
            printf '\rbackout: building %d of %d ' "$done" "$total" >&2
            if [[ $done -eq $total ]]; then printf '\r\033[K' >&2; fi
        elif [[ $total -ge 8 && $((done * 4 / total)) -gt $quarter ]]; then
            quarter=$((done * 4 / total))
            say "built $done of $total"
        fi
    done
}

fail_with_log() {
    # A compiler's error drowns in its notes: the lines that name errors first, else the end of the log.
    if ! cut -c 1-400 "$1" | grep -m 15 -E '[Ee]rror|FAILED' >&2; then tail -n 30 "$1" >&2; fi
    say "$2; the whole output is in $1"
    return 1
}

# build FOLDER TARGET CMAKE-ARGUMENTS…: configures where needed, builds TARGET, and stamps the folder.
build() {
    local folder=$1 target=$2 log="$1/build.log" source
    shift 2
    # A checkout that was moved or copied brings a cache that points at the former place.
    if [[ -f $folder/CMakeCache.txt ]]; then
        source=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$folder/CMakeCache.txt")
        if [[ $source != "$root" ]]; then
            say "$folder was made for $source; starting afresh"
            rm -rf -- "$folder"
        fi
    fi
    mkdir -p -- "$folder" || return 1
    # Taken before the build: what is edited while it runs must count as newer.
    checked_out_commit >"$folder/.building"
    if [[ ! -f $folder/build.ninja || $# -gt 0 ]]; then
        cmake -S "$root" -B "$folder" -G Ninja "$@" >"$log" 2>&1 </dev/null || {
            fail_with_log "$log" "configuring failed"
            return 1
        }
    fi
    NINJA_STATUS='[%f/%t] ' ninja -C "$folder" -j "$(build_jobs)" "$target" 2>&1 </dev/null | tee "$log" | show_progress
    if [[ ${PIPESTATUS[0]} -ne 0 ]]; then
        fail_with_log "$log" "building failed"
        return 1
    fi
    mv -f -- "$folder/.building" "$folder/.built-from"
}
