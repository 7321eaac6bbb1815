/** The examples of `images` and its commands. */
export const IMAGES_EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  images: ['registry-gate images list registry.lan', 'registry-gate images inspect registry.lan/team/app:1'],
  'images copy': [
    'registry-gate images copy docker.io/library/alpine:3 registry.lan/base/alpine',
    'registry-gate images copy --platform linux/arm64 registry.lan/team/app:1 oci-archive:app.tar',
    'registry-gate images copy --referrers registry.lan/team/app:1 backup.lan/team/app',
  ],
  'images save': [
    'registry-gate images save -o app.tar.gz registry.lan/team/app:1',
    'registry-gate images save registry.lan/team/app:1 | gzip | ssh HOST docker load',
  ],
  'images load': [
    'registry-gate images load -i app.tar.gz',
    'registry-gate images load -i app.tar.gz --into registry.lan/team',
    'registry-gate images load -i app.tar.gz registry.lan/team/app:2',
  ],
  'images list': [
    'registry-gate images list registry.lan',
    'registry-gate images list registry.lan/team/ --tags',
    'registry-gate images list registry.lan/team/app --filter platform=linux/arm64 --limit 10',
  ],
  'images tags': [
    'registry-gate images tags registry.lan/team/app',
    "registry-gate images tags registry.lan/team/app --filter 'pr-*' --filter before=30d --quiet",
  ],
  'images inspect': [
    'registry-gate images inspect registry.lan/team/app:1',
    'registry-gate images inspect registry.lan/team/app:1 --platform linux/arm64 --format Config.Env',
  ],
  'images history': [
    'registry-gate images history registry.lan/team/app:1 --no-trunc',
    'registry-gate images history registry.lan/team/app:1 --dockerfile',
  ],
  'images diff': ['registry-gate images diff registry.lan/team/app:1 registry.lan/team/app:2'],
  'images sync': [
    'registry-gate images sync --file plan.yml',
    'registry-gate images sync --file plan.yml --yes',
  ],
  'images tag': [
    'registry-gate images tag registry.lan/team/app:1.4 stable',
    'registry-gate images tag registry.lan/team/app@sha256:... 1.4',
  ],
  'images remove': [
    'registry-gate images remove registry.lan/team/app:pr-12',
    "registry-gate images remove registry.lan/team/app --match 'pr-*' --older-than 30d",
    'registry-gate images remove registry.lan/team/app --keep-last 10 --yes',
  ],
  'images files': [
    'registry-gate images files registry.lan/team/app:1 /etc',
    'registry-gate images files registry.lan/team/app:1 --layer 3',
    "registry-gate images files oci-archive:app.tar '/usr/lib/**/*.so' --json",
  ],
  'images cat': [
    'registry-gate images cat registry.lan/team/app:1 /etc/os-release',
    'registry-gate images cat registry.lan/team/app:1 /app/config.yml --platform linux/arm64',
  ],
};
