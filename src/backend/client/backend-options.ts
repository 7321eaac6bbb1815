/**
 * Where the registry stands. `ca` is the PEM text that an https backend is verified with; verification is never off.
 * `prefix` is the path before `/v2/`, like `/oci`. `hostHeader` is the Host that it is asked with, instead of the client's.
 */
export type BackendOptions = (
  | { readonly kind: 'http'; readonly host: string; readonly port: number; readonly prefix?: string }
  | {
      readonly kind: 'https';
      readonly host: string;
      readonly port: number;
      readonly prefix?: string;
      readonly ca?: string | undefined;
    }
  | { readonly kind: 'unix'; readonly path: string; readonly prefix?: undefined }
) & { readonly hostHeader?: string | undefined };
