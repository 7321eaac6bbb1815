/**
 * A shell script for clients that have only a POSIX shell, curl and openssl. It fetches `/ca.crt`, compares its SHA-256
 * with the fingerprint on the command line, and installs it where the client reads it. The script is constant: nothing
 * of the request goes into it. Fetch it over a verified connection: the README fetches and checks `ca.crt` first.
 */
export const TRUST_SCRIPT = `#!/bin/sh
# Makes a client on this machine trust the CA of a registry-gate.
#
#   sh trust.sh docker|podman|containerd|system HOST[:PORT] SHA256
#
# SHA256 is the fingerprint of the CA that "registry-gate certs status" shows on the server, with or without colons.
# Run as root for the machine; DESTDIR, if set, stands for /.
set -eu

fail() {
  echo "trust.sh: $*" >&2
  exit 1
}

[ $# -eq 3 ] || fail 'usage: sh trust.sh docker|podman|containerd|system HOST[:PORT] SHA256'
client=$1
place=\${2%:443}
wanted=$(printf %s "$3" | tr -d : | tr A-F a-f)
root=\${DESTDIR:-}

case $place in
  '' | *[!A-Za-z0-9.:_[\\]-]* | .* | -*) fail "$2 is not HOST or HOST:PORT" ;;
esac
[ \${#wanted} -eq 64 ] || fail 'the fingerprint must be a SHA-256: 64 hexadecimal digits'
command -v curl > /dev/null || fail 'curl is needed'
command -v openssl > /dev/null || fail 'openssl is needed'

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The connection is not verified; the fingerprint is.
curl --fail --silent --show-error --insecure --max-time 30 --output "$work/ca.crt" "https://$2/ca.crt" ||
  fail "https://$2/ca.crt could not be fetched"
# Only the certificate that was checked is installed, not what else the file holds.
openssl x509 -in "$work/ca.crt" -out "$work/ca.pem" || fail 'the answer is not a certificate'
found=$(openssl x509 -in "$work/ca.pem" -noout -fingerprint -sha256 | sed 's/.*=//' | tr -d : | tr A-F a-f)
[ "$found" = "$wanted" ] || fail "this is another CA (SHA-256 $found). Nothing was installed: the connection may be intercepted"

put() {
  mkdir -p "$(dirname "$1")"
  cp "$work/ca.pem" "$1"
  chmod 0644 "$1"
  echo "wrote $1"
}

case $client in
  docker) put "$root/etc/docker/certs.d/$place/ca.crt" ;;
  podman) put "$root/etc/containers/certs.d/$place/ca.crt" ;;
  containerd)
    folder=/etc/containerd/certs.d/$place
    put "$root$folder/ca.crt"
    printf 'server = "https://%s"\\nca = "%s/ca.crt"\\n' "$place" "$folder" > "$root$folder/hosts.toml"
    echo "wrote $root$folder/hosts.toml"
    ;;
  system)
    name=registry-gate-$(printf %s "$place" | tr -c 'A-Za-z0-9.\\n' -)
    if [ -d "$root/etc/pki/ca-trust/source/anchors" ]; then
      put "$root/etc/pki/ca-trust/source/anchors/$name.crt"
      [ -n "$root" ] || update-ca-trust extract
    else
      put "$root/usr/local/share/ca-certificates/$name.crt"
      [ -n "$root" ] || update-ca-certificates
    fi
    echo 'Restart Docker for it to notice: systemctl restart docker'
    ;;
  *) fail "$client is not one of docker, podman, containerd, system" ;;
esac
`;
