/**
 * A shell script for client machines that have nothing but a POSIX shell, curl and openssl: fetches `/ca.crt`, compares
 * it with the fingerprint on its command line, and only then puts it where the client looks. The same for everybody;
 * nothing of the request is written into it. Whoever fetches it without having checked the certificate first runs what
 * somebody else may have sent: the README fetches and checks `ca.crt` before.
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
  '' | *[!A-Za-z0-9.:_[\\]-]* | .* | -*) fail "$2 is no HOST or HOST:PORT" ;;
esac
[ \${#wanted} -eq 64 ] || fail 'the fingerprint has to be a SHA-256: 64 hexadecimal digits'
command -v curl > /dev/null || fail 'curl is needed'
command -v openssl > /dev/null || fail 'openssl is needed'

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Unverified on purpose: nothing is believed before the fingerprint is.
curl --fail --silent --show-error --insecure --max-time 30 --output "$work/ca.crt" "https://$2/ca.crt" ||
  fail "https://$2/ca.crt could not be fetched"
# What is installed is the one certificate that was checked, and not what else stood in the file.
openssl x509 -in "$work/ca.crt" -out "$work/ca.pem" || fail 'what came is no certificate'
found=$(openssl x509 -in "$work/ca.pem" -noout -fingerprint -sha256 | sed 's/.*=//' | tr -d : | tr A-F a-f)
[ "$found" = "$wanted" ] || fail "this is another CA (SHA-256 $found). Nothing was installed: somebody may stand between"

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
  *) fail "$client is none of docker, podman, containerd, system" ;;
esac
`;
