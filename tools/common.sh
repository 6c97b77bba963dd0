# Shared by the tools: what a machine lacks, and building once. Sourced by bash; needs `root`, the repository's folder.
# All words go to standard error, so that a program's own output stays clean. Exit code 3: this machine lacks something.

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
[[ -n ${HOME:-} ]] || export HOME="$(getent passwd "$(id -u)" | cut -d: -f6)"

# Each argument on a line of its own.
say() { printf '%s\n' "$@" >&2; }

lacking() {
    say "$@"
    exit 3
}

missing=()

# need_library SONAME PACKAGE: asks the loader, not the package manager; who built the library does not matter.
need_library() {
    local ldconfig
    ldconfig=$(PATH="$PATH:/usr/sbin:/sbin" command -v ldconfig) || return 0
    if [[ -z ${loader_cache:-} ]]; then
        loader_cache=$("$ldconfig" -p 2>/dev/null || true)
    fi
    [[ $loader_cache == *$'\t'"$1 "* ]] || missing+=("$2")
}

need_command() { command -v "$1" >/dev/null || missing+=("$2"); }

# The system's own Python, whatever stands first in PATH: it is the one that Debian's packages serve.
need_python_module() {
    /usr/bin/python3 -c "import importlib.util, sys; sys.exit(importlib.util.find_spec('$1') is None)" 2>/dev/null || missing+=("$2")
}

# Debian keeps the programs of each version in a folder of its own, outside of PATH.
need_postgres() { compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql); }

# Installs what the calls above found missing, or says what to type.
install_missing() {
    ((${#missing[@]})) || return 0
    local sudo=() log
    if ! command -v apt-get >/dev/null; then
        lacking "Missing on this machine (Debian's names): ${missing[*]}" \
            "Install them with your system's package manager, then start again."
    fi
    if ((EUID != 0)); then
        if ! sudo -n true 2>/dev/null; then
            lacking "Missing on this machine: ${missing[*]}" "Type:  sudo apt-get install ${missing[*]}" "Then start again."
        fi
        sudo=(sudo -n)
    fi
    say "Installing ${missing[*]} ..."
    log=$(mktemp)
    local install=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300)
    # The lists may be empty (a fresh image) or old; only then they are fetched.
    if ! "${install[@]}" install -y --no-install-recommends "${missing[@]}" >"$log" 2>&1 </dev/null \
        && ! { "${install[@]}" update && "${install[@]}" install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 </dev/null; then
        cat "$log" >&2
        rm -f "$log"
        lacking "apt-get could not install ${missing[*]} (its words stand above)." \
            "Type:  ${sudo[0]:+sudo }apt-get update && ${sudo[0]:+sudo }apt-get install ${missing[*]}" "Then start again."
    fi
    rm -f "$log"
    missing=()
    loader_cache=
}

need_dotnet() {
    if ! command -v dotnet >/dev/null && [[ -x $HOME/.dotnet/dotnet ]]; then
        PATH="$HOME/.dotnet:$PATH"
    fi
    command -v dotnet >/dev/null || no_sdk
}

no_sdk() {
    lacking "The .NET SDK 10 is missing on this machine." "Get it from https://dotnet.microsoft.com/download/dotnet/10.0, then start again."
}

# What a build depends on, by name, size and time of change: a file that went away or came back older counts too; and the build
# switches, which MSBuild takes from the environment.
fingerprint() {
    (cd "$root" && find "$@" Directory.Build.props Directory.Packages.props global.json .editorconfig tools/BannedSymbols.txt \
        tools/assets -name bin -prune -o -name obj -prune -o -type f -not -name packages.lock.json -printf '%p %s %T@\n' 2>/dev/null \
        | LC_ALL=C sort && pwd && echo "${UseFleck:-} ${UseNAudio:-}") | sha256sum
}

# The lock files, which a restore may rewrite: noted after the build, where the rest is noted before it.
lock_fingerprint() { (cd "$root" && stat -c '%n %s %Y' ./*/packages.lock.json tools/*/*/packages.lock.json 2>/dev/null) | sha256sum; }

is_fresh() { [[ -f $stamp && -f $product && $(<"$stamp") == "$1"$'\n'"$(lock_fingerprint)" ]]; }

# The program is compiled to machine code ahead of its start, in a folder of its own: what is compiled while it runs, every peer
# compiles again, in the very second in which it should play. Where the compiler for that cannot be had, it is built without.
program="$root/artifacts/jam"

compile() {
    local project=$1 options=(-c Release -v quiet --nologo -nodeReuse:false -p:UseSharedCompilation=false)
    if [[ $project != Jam.Peer ]]; then
        dotnet build "$project" "${options[@]}"
        return
    fi
    options+=(--artifacts-path "$root/artifacts/build" -o "$program.new")
    rm -rf "$program.new"
    dotnet publish "$project" "${options[@]}" --use-current-runtime --self-contained false -p:PublishReadyToRun=true \
        || { rm -rf "$program.new" && dotnet publish "$project" "${options[@]}"; } || return
    rm -rf "$program" && mv "$program.new" "$program"
}

# build_once PROJECT FOLDER...: builds a project, given as its folder, in Release unless nothing in FOLDER... has changed; one at a time.
build_once() {
    local project=$1 sources before log code=0
    shift
    local name=${project##*/}
    local stamp="$root/artifacts/$name.stamp" product="$root/$project/bin/Release/net10.0/$name.dll"
    [[ $project != Jam.Peer ]] || product="$program/Jam.Peer.dll"
    sources=$(fingerprint "$@")
    is_fresh "$sources" && return 0
    [[ -n $(dotnet --list-sdks 2>/dev/null | grep '^10\.') ]] || no_sdk
    mkdir -p "$root/artifacts" 2>/dev/null && [[ -w $root/artifacts && -w $root/$project ]] \
        || lacking "SwarmJam has to be built, but $root cannot be written to."
    exec 9>"$root/artifacts/build.lock"
    flock -n 9 || { say "Waiting for another build ..."; flock 9; }
    before=$(fingerprint "$@")
    if ! is_fresh "$before"; then
        say "Building $name ..."
        log=$(mktemp)
        # Nothing of the build stays behind: no compiler server, no worker that would keep the lock.
        (cd "$root" && compile "$project") \
            >"$log" 2>&1 9>&- </dev/null || code=$?
        if ((code)); then
            if grep -m 1 -F NU1301 "$log" >&2; then
                rm -f "$log"
                lacking "The packages could not be fetched: the package source does not answer. Is there a network?" \
                    "The first build needs one; after it, SwarmJam starts without."
            fi
            cat "$log" >&2
            rm -f "$log"
            say "The build failed; its words stand above."
            exit 1
        fi
        rm -f "$log"
        printf '%s\n%s\n' "$before" "$(lock_fingerprint)" >"$stamp.$$" && mv "$stamp.$$" "$stamp"
    fi
    exec 9>&-
}
