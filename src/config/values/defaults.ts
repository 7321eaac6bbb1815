/** What the variables of the environment that set options begin with. */
export const ENV_PREFIX = 'REGISTRY_GATE_';

/** Read if it exists and no other file is named. */
export const DEFAULT_FILE = 'registry-gate.yml';

/** The same name with the other ending. Reported, since it is almost always meant as the configuration file. */
export const NEAR_MISS = 'registry-gate.yaml';

/** The certs directory where nothing else is said. */
export const DEFAULT_CERTS = './certs';
