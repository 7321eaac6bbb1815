/** Where the files of a certs directory are. */
export interface CertificatePaths {
  readonly authorityKey: string;
  readonly authorityCertificate: string;
  readonly key: string;
  readonly certificate: string;
}
