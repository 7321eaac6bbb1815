/** registries.yaml of k3s or RKE2 with a sign-in, and with the CA where there is one to trust. */
export function registriesYaml(name: string, host: string, user: string, hasAuthority: boolean): string {
  const tls = hasAuthority ? ['    tls:', `      ca_file: /etc/rancher/${name}/ca.crt`] : [];
  return [
    'configs:',
    `  "${host}":`,
    '    auth:',
    `      username: ${user}`,
    '      password: PASSWORD',
    ...tls,
  ].join('\n');
}
