const ADDRESS = /^(?:[\d.]+|[\da-f:.]*:[\da-f:.]*)$/i;
const PORT = /^\d+$/;
const URL_VALUE = /^(?:tcp|udp|sctp):\/\/(?:[\d.]+|\[[\da-f:.]+\]|[\da-f:.]+):\d+$/i;

/** The end of the name of a variable -> its possible values. */
const SHAPES: readonly (readonly [end: RegExp, value: RegExp])[] = [
  [/_SERVICE_HOST$/, ADDRESS],
  [/_SERVICE_PORT(?:_[A-Z0-9_]+)?$/, PORT],
  [/_PORT(?:_\d+_(?:TCP|UDP|SCTP))?$/, URL_VALUE],
  [/_PORT_\d+_(?:TCP|UDP|SCTP)_ADDR$/, ADDRESS],
  [/_PORT_\d+_(?:TCP|UDP|SCTP)_PORT$/, PORT],
  [/_PORT_\d+_(?:TCP|UDP|SCTP)_PROTO$/, /^(?:tcp|udp|sctp)$/i],
];

/**
 * Whether a variable is one that Kubernetes sets for a Service whose name begins with `registry-gate`:
 * https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables. Name and value must both have
 * that shape, so that `REGISTRY_GATE_PORT=8443` is still found to be a mistake.
 */
export function isServiceLink(name: string, value: string): boolean {
  return SHAPES.some(([end, values]) => end.test(name) && values.test(value));
}

/** Whether the value can only come from a service link, which then does not set the option of the same variable. */
export function isServiceUrl(name: string, value: string): boolean {
  return URL_VALUE.test(value) && isServiceLink(name, value);
}
