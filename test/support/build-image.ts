import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from './engine.ts';
import { must } from './programs.ts';

/** Every instruction that needs no container: what stands in quotes, what is empty, and letters that JSON escapes. */
const DOCKERFILE = `FROM scratch AS base
LABEL a.b="x \\"y\\" = & < > \\\\ ü \u2028 end" c='\t' "odd key"="v" empty=""
ENV A=1 B="two words" C=
FROM base
COPY content /content
ADD content /other/
WORKDIR /app/x
USER 1000:1000
EXPOSE 80 53/udp
VOLUME ["/data", "/var/lib/x"]
ENTRYPOINT ["/content", "--flag"]
CMD ["a b", "c"]
HEALTHCHECK --interval=30s --timeout=3s --retries=2 CMD curl -f "http://x/"
STOPSIGNAL SIGINT
SHELL ["/bin/bash", "-c"]
ONBUILD RUN echo "hi"
ARG VERSION=1
`;

/** Writes a Dockerfile of many instructions, and what it copies. */
export async function writeContext(folder: string): Promise<void> {
  await mkdir(folder);
  await writeFile(join(folder, 'content'), 'content\n');
  await writeFile(join(folder, 'Dockerfile'), DOCKERFILE);
}

/** Builds with BuildKit, by the engine. `args`: what stands before the context. */
export function buildx(engine: Engine, args: readonly string[]): Promise<string> {
  return must('docker-buildx', ['build', ...args], { env: { ...engine.env } });
}
