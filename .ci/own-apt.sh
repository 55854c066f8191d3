# Sourced by get-servers.sh and get-suite.sh: an apt with a state of its own, so that no root is
# needed and the system stays as it is. It knows nothing as installed: libraries come along.

# The mirror that this machine's own apt uses.
debian_archive() {
  local archive
  archive=$(apt-get indextargets --format '$(REPO_URI)' | grep -E '/debian/?$' | sort -u | head -n 1)
  [ -n "$archive" ] || { echo 'apt knows no Debian archive here' >&2; return 1; }
  echo "$archive"
}

# own_apt DIR LINE…: makes it in DIR with these lines of sources ("deb", a release and its parts,
# the archive is put in), points APT_CONFIG at it and reads the archive's index.
own_apt() {
  local apt=$1 archive type rest
  shift
  archive=$(debian_archive) || return 1
  mkdir -p "$apt/lists/partial" "$apt/archives/partial"
  for line in "$@"; do
    read -r type rest <<<"$line"
    echo "$type [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive $rest"
  done >"$apt/sources.list"
  touch "$apt/status"
  cat >"$apt/apt.conf" <<CONF
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State::Lists "$apt/lists";
Dir::State::Status "$apt/status";
Dir::Cache "$apt";
Dir::Cache::Archives "$apt/archives";
Dir::Log "$apt";
APT::Sandbox::User "$(id -un)";
Acquire::Retries "2";
Acquire::http::Timeout "30";
CONF
  export APT_CONFIG=$apt/apt.conf
  apt-get -qq update
}
