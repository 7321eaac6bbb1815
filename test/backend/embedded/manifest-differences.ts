/** A kind of manifest that docker-registry 2.8 and the embedded registry judge differently. */
export interface Difference {
  /** What is odd about such manifests, by the names of `CHANGES`. */
  readonly odd: RegExp;
  readonly taken: 'by us alone' | 'by them alone';
  /** Why. docs/manifests.md says the same to users. */
  readonly why: string;
}

/** All of them. */
export const DIFFERENCES: readonly Difference[] = [
  {
    odd: /^Content-Type (?:absent|application\/json)$/,
    taken: 'by us alone',
    why: "distribution takes such a manifest for Docker's first format; the payload says what it is",
  },
  {
    odd: /^descriptor digest (?:by sha384, )?of nothing$|, absent$/,
    taken: 'by us alone',
    why: 'an index may be pushed before, and without, some of its children (distribution-spec, sparse indexes)',
  },
  {
    odd: /^(?:manifests|layers|config|fsLayers) (?!null|absent)/,
    taken: 'by them alone',
    why: 'a manifest of two kinds is one image to one client and another image to the next (CVE-2021-41190); 2.8 looks at OCI types alone',
  },
  {
    odd: / twice/,
    taken: 'by them alone',
    why: 'of members that come twice Go merges the values, others take the first or the last one',
  },
  {
    odd: /^x 600 deep$/,
    taken: 'by them alone',
    why: 'clients whose JSON readers recurse fail on it; Go itself stops at 10,000',
  },
  {
    odd: /^annotations (?:a list|with a number|with an object)$/,
    taken: 'by them alone',
    why: '2.8 does not read the annotations of an index; 3 does, and refuses these',
  },
  {
    odd: /^descriptor (?:data|artifactType) a number$/,
    taken: 'by them alone',
    why: '2.8 does not know these members; 3, and every client with image-spec 1.1, refuses them',
  },
  {
    odd: /^descriptor urls with a (?:file|fragment)$/,
    taken: 'by them alone',
    why: 'an address must be of http or https for every OCI layer; 2.8 does not look at those in Docker images',
  },
  {
    odd: /^layer with urls, absent$|^descriptor urls with one$/,
    taken: 'by them alone',
    why: '2.8 takes an ordinary layer that is elsewhere, even without a digest; 3 wants it to be there, as docker pull does',
  },
  {
    odd: /^foreign layer with urls/,
    taken: 'by them alone',
    why: '2.8 does not look at the digest of a layer that is elsewhere; 3 wants it to be one',
  },
];
