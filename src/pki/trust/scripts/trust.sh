#!/bin/sh
# Makes a client on this machine trust the CA of a registry-gate.
#
#   sh trust.sh CLIENT HOST[:PORT] SHA256
#
# CLIENT is docker, docker-rootless, docker-desktop, podman, crio, containerd, nerdctl, k3s, rke2, buildx, node, python
# or system. SHA256 is the fingerprint of the CA that "registry-gate certs status" shows on the server, with or without
# colons. Root sets up the machine, another user what belongs to that user.
# Needs a POSIX shell with base64 and awk (busybox has them), and curl or GNU wget. DESTDIR, if set, stands for /.
# REGISTRY_GATE_CA, if set, is the certificate itself: then nothing is fetched.
set -eu
umask 022
LC_ALL=C
export LC_ALL

fail() {
  printf 'trust.sh: %s\n' "$*" >&2
  exit 1
}

has() {
  command -v "$1" > /dev/null 2>&1
}

# The connection is not verified; the fingerprint is.
fetch() {
  if has curl; then
    curl --fail --silent --show-error --insecure --max-time 30 --max-filesize 65536 --output "$2" "$1"
  elif has wget; then
    wget -q --no-check-certificate -T 30 -O "$2" "$1"
  else
    fail 'curl or wget is needed'
  fi
}

sha256() {
  if has sha256sum; then
    sha256sum < "$1" | cut -d ' ' -f 1
  elif has shasum; then
    shasum -a 256 < "$1" | cut -d ' ' -f 1
  else
    openssl dgst -sha256 -r < "$1" | cut -d ' ' -f 1
  fi
}

# Makes $work/ca.pem. Only the certificate that was checked is in it, not what else the answer holds.
read_authority() {
  if [ "${REGISTRY_GATE_CA:-}" ]; then
    printf '%s\n' "$REGISTRY_GATE_CA" > "$work/answer"
  else
    fetch "https://$1/ca.crt" "$work/answer" || fail "https://$1/ca.crt could not be fetched"
  fi
  tr -d '\r' < "$work/answer" |
    sed -n '/^-----BEGIN CERTIFICATE-----$/,/^-----END CERTIFICATE-----$/{/^-----END/q;/^-----/d;p;}' |
    base64 -d > "$work/ca.der" 2> /dev/null || : > "$work/ca.der"
  [ -s "$work/ca.der" ] || fail 'the answer is not a certificate'
  found=$(sha256 "$work/ca.der")
  [ "$found" = "$wanted" ] ||
    fail "this is another CA (SHA-256 $found). Nothing was installed: the connection may be intercepted"
  {
    echo '-----BEGIN CERTIFICATE-----'
    base64 < "$work/ca.der" | tr -d '\n' | fold -w 64
    printf '\n%s\n' '-----END CERTIFICATE-----'
  } > "$work/ca.pem"
}

# put PATH [MODE]: standard input becomes the file. A file that exists keeps its mode.
put() {
  mkdir -p "$(dirname "$root$1")"
  [ -e "$root$1" ] || {
    : > "$root$1"
    chmod "${2:-0644}" "$root$1"
  }
  cat > "$root$1"
  echo "wrote $root$1"
}

# without PATH NAME: the file without the block of that name. A first mark without its last one is no block: what
# follows it stays.
without() {
  [ ! -e "$root$1" ] || awk -v begin="# registry-gate: begin $2" -v end="# registry-gate: end $2" '
    function keep() { printf "%s", held; held = ""; inside = 0 }
    $0 == begin { keep(); inside = 1 }
    inside { held = held $0 "\n" }
    !inside { print }
    inside && $0 == end { held = ""; inside = 0 }
    END { keep() }' "$root$1"
}

# block PATH NAME: standard input becomes the block of that name at the end of the file; the rest stays.
block() {
  {
    without "$1" "$2"
    echo "# registry-gate: begin $2"
    cat
    echo "# registry-gate: end $2"
  } > "$work/block"
  put "$1" < "$work/block"
}

# system_store [CLIENT]: the trust store of the system gets the CA, in a file of that client. Sets $bundle.
system_store() {
  bundle=/etc/ssl/certs/ca-certificates.crt
  if [ -d "$root/etc/pki/ca-trust/source/anchors" ]; then
    anchors=/etc/pki/ca-trust/source/anchors update='update-ca-trust extract' bundle=/etc/pki/tls/certs/ca-bundle.crt
  elif [ -d "$root/etc/pki/trust/anchors" ]; then
    anchors=/etc/pki/trust/anchors update=update-ca-certificates bundle=/etc/ssl/ca-bundle.pem
  elif [ -d "$root/etc/ca-certificates/trust-source/anchors" ]; then
    anchors=/etc/ca-certificates/trust-source/anchors update=update-ca-trust
  elif [ ! -e "$root/usr/sbin/update-ca-certificates" ] && [ -e "$root$bundle" ]; then
    block "$bundle" "${1:+$1 }$place" < "$work/ca.pem"
    return
  else
    anchors=/usr/local/share/ca-certificates update=update-ca-certificates
  fi
  put "$anchors/$name${1:+-$1}.crt" < "$work/ca.pem"
  # shellcheck disable=SC2086 # a command and its argument
  [ "$root" ] || $update
}

# registries_yaml FOLDER: k3s and RKE2 read the file when they start. One that has settings is not edited.
registries_yaml() {
  setting=$(printf 'configs:\n  "%s":\n    tls:\n      ca_file: "%s/certs.d/%s/ca.crt"' "$place" "$1" "$place")
  put "$1/certs.d/$place/ca.crt" < "$work/ca.pem"
  if [ ! -s "$root$1/registries.yaml" ]; then
    printf '%s\n' "$setting" | put "$1/registries.yaml" 0600
  elif ! grep -qF "\"$1/certs.d/$place/ca.crt\"" "$root$1/registries.yaml"; then
    fail "$1/registries.yaml has settings already. Put these into it, then restart $client:
$setting"
  fi
  echo "Restart it on this node: systemctl restart $client (RKE2: rke2-server; agents: $client-agent)"
}

# buildkitd_toml PATH CERTIFICATE: docker buildx gives the file to the builders that it makes.
buildkitd_toml() {
  if without "$1" "$place" | grep -qF "[registry.\"$place\"]"; then
    fail "$1 has a setting for this registry. Add to it: ca = [\"$2\"]"
  fi
  put "$2" < "$work/ca.pem"
  printf '[registry."%s"]\n  ca = ["%s"]\n' "$place" "$2" | block "$1" "$place"
  echo 'Builders that are made from now on trust it: docker buildx create --use'
}

# certs_d FOLDER: a folder by the name of the registry.
certs_d() {
  put "$1/certs.d/$place/ca.crt" < "$work/ca.pem"
}

hosts_toml() {
  certs_d "$1"
  printf 'server = "https://%s"\nca = "%s/certs.d/%s/ca.crt"\n' "$place" "$1" "$place" |
    put "$1/certs.d/$place/hosts.toml"
}

check_rights() {
  case $client in
    crio | k3s | rke2 | python | system) [ "$is_root" ] || fail "only root can set up $client: use sudo" ;;
    docker-rootless | docker-desktop)
      [ -z "$is_root" ] || [ "$root" ] || fail "$client belongs to one user: run this without sudo"
      ;;
    docker | podman | containerd | nerdctl | buildx | node) ;;
    *) fail "$client is not a client that this script knows: its first lines name them" ;;
  esac
}

install_authority() {
  config=${XDG_CONFIG_HOME:-${HOME:-}/.config}
  etc=$config own=$config/registry-gate/trust profile=${HOME:-}/.profile containers=${HOME:-}/.config/containers
  if [ "$is_root" ]; then
    etc=/etc own=/etc/registry-gate/trust profile=/etc/profile.d/registry-gate.sh containers=/etc/containers
  fi
  name=registry-gate-$(printf %s "$place" | sed 's/[^a-z0-9.-]\{1,\}/-/g')
  case $client in
    docker) certs_d "$etc/docker" ;;
    docker-rootless) certs_d "$config/docker" ;;
    docker-desktop)
      certs_d "${HOME:-}/.docker"
      echo 'Restart Docker Desktop.'
      ;;
    podman | crio) certs_d "$containers" ;;
    containerd | nerdctl) hosts_toml "$etc/containerd" ;;
    k3s | rke2) registries_yaml "/etc/rancher/$client" ;;
    buildx) buildkitd_toml "${DOCKER_CONFIG:-${HOME:-}/.docker}/buildx/buildkitd.default.toml" "$own/$name.crt" ;;
    node)
      block "$own/node.pem" "$place" < "$work/ca.pem"
      printf "export NODE_EXTRA_CA_CERTS='%s'\n" "$own/node.pem" | block "$profile" "node $place"
      echo 'Shells that log in from now on have NODE_EXTRA_CA_CERTS.'
      ;;
    python)
      system_store python
      printf "export %s='$bundle'\n" SSL_CERT_FILE REQUESTS_CA_BUNDLE PIP_CERT | block "$profile" "python $place"
      echo 'Shells that log in from now on have SSL_CERT_FILE, REQUESTS_CA_BUNDLE and PIP_CERT.'
      ;;
    system)
      system_store
      echo 'Restart Docker for it to notice: systemctl restart docker'
      ;;
  esac
}

# Everything runs from here, at the last line: a script that was cut off on its way does nothing.
main() {
  [ $# -eq 3 ] || fail 'usage: sh trust.sh CLIENT HOST[:PORT] SHA256'
  client=$1
  root=${DESTDIR:-}
  place=$(printf %s "${2%:443}" | tr '[:upper:]' '[:lower:]')
  wanted=$(printf %s "$3" | tr -d : | tr '[:upper:]' '[:lower:]')
  is_root=''
  [ "$(id -u)" != 0 ] || is_root=yes
  case $place in
    '' | *[!a-z0-9.:_[\]-]* | .* | -*) fail "$2 is not HOST or HOST:PORT" ;;
  esac
  case $wanted in
    *[!0-9a-f]*) wanted='' ;;
  esac
  [ ${#wanted} -eq 64 ] || fail 'the fingerprint must be a SHA-256: 64 hexadecimal digits'
  check_rights
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  read_authority "$2"
  install_authority
}

main "$@"
