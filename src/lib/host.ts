/** A name, an IPv4 address or an IPv6 address in brackets, with a port if one is given. */
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253})|\[[0-9A-Fa-f:.]{2,45}\])(?::(\d{1,5}))?$/;

/**
 * Reports whether a text is the host of a server, with an optional port: `uri-host [":" port]` of RFC 9110 section 7.2.
 * Of the names of RFC 3986 section 3.2.2 it takes those that DNS can hold, with `_` in addition, and no percent-encoding.
 *
 *     isHost('registry.example.com:8443') // true
 */
export function isHost(text: string, lowestPort = 0): boolean {
  const match = HOST.exec(text);
  if (match === null) return false;
  const port = match[1];
  return port === undefined || (Number(port) >= lowestPort && Number(port) <= 65_535);
}
