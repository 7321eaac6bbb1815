import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/images/model/config.ts';
import { makeDescriptor } from '../../../src/images/model/descriptor.ts';
import { readBack } from '../../../src/images/view/dockerfile/read-back.ts';
import { readHistory } from '../../../src/images/view/history.ts';
import { digestOf } from '../../../src/oci/digest.ts';

const LAYER = makeDescriptor({
  mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
  digest: digestOf('sha256', Buffer.from('layer')),
  size: 7,
});

/** Reads steps back, without the head. */
function read(steps: readonly string[], run: object = {}, os = 'linux'): string[] {
  const history = steps.map((text) => ({ created_by: text }));
  const config = parseConfig(Buffer.from(JSON.stringify({ os, history, config: run })));
  const layers = steps.map(() => LAYER);
  const text = readBack(readHistory(config, layers), config, { name: 'alpine:3', base: undefined });
  // A directive counts only in the very first line.
  expect(text.startsWith('# escape=`\n')).toBe(os === 'windows');
  expect(text).toMatch(
    /^(?:# escape=`\n)?# Read back from the history of alpine:3\n(?:#.*\n)*FROM scratch\n/,
  );
  return text
    .replace(/^(?:.*\n)*?FROM scratch\n/, '')
    .split('\n')
    .slice(0, -1);
}

const CHECKSUM = 'file:5d673d25da3a14ce1f6cf66e4c7fd4f4b85a3759a9d93efb3fd9ff852b5b56e4';

describe('a history read back', () => {
  it.each<readonly [string, string | readonly string[], readonly string[]]>([
    // Alpine, Debian, Ubuntu.
    [
      'the root of a base',
      `/bin/sh -c #(nop) ADD ${CHECKSUM} in / `,
      [`# The name of what was added is not known. Its checksum: ${CHECKSUM}`, `ADD ${CHECKSUM} /`],
    ],
    ['CMD of Alpine', '/bin/sh -c #(nop)  CMD ["/bin/sh"]', ['CMD ["/bin/sh"]']],
    [
      'the root of a base of BuildKit',
      'ADD alpine-minirootfs-3.20.3-x86_64.tar.gz / # buildkit',
      ['ADD alpine-minirootfs-3.20.3-x86_64.tar.gz /'],
    ],
    ['CMD of BuildKit', 'CMD ["/bin/sh"]', ['CMD ["/bin/sh"]']],
    [
      "Debian's script",
      "# debian.sh --arch 'amd64' out/ 'bookworm' '@1736726400'",
      ["# debian.sh --arch 'amd64' out/ 'bookworm' '@1736726400'"],
    ],
    [
      'labels of Ubuntu',
      '/bin/sh -c #(nop)  LABEL org.opencontainers.image.version=24.04',
      ['LABEL org.opencontainers.image.version=24.04'],
    ],
    ['ARG of Ubuntu', '/bin/sh -c #(nop)  ARG LAUNCHPAD_BUILD_ARCH', ['ARG LAUNCHPAD_BUILD_ARCH']],
    // nginx.
    [
      'a label with a space',
      'LABEL maintainer=NGINX Docker Maintainers <docker-maint@nginx.com>',
      ['LABEL maintainer="NGINX Docker Maintainers <docker-maint@nginx.com>"'],
    ],
    ['ENV of nginx', 'ENV NGINX_VERSION=1.27.3', ['ENV NGINX_VERSION=1.27.3']],
    [
      'RUN of nginx, broken where it was',
      'RUN /bin/sh -c set -x     && groupadd --system --gid 101 nginx     && useradd --system nginx # buildkit',
      ['RUN set -x \\', '    && groupadd --system --gid 101 nginx \\', '    && useradd --system nginx'],
    ],
    ['COPY of nginx', 'COPY docker-entrypoint.sh / # buildkit', ['COPY docker-entrypoint.sh /']],
    ['ENTRYPOINT of nginx', 'ENTRYPOINT ["/docker-entrypoint.sh"]', ['ENTRYPOINT ["/docker-entrypoint.sh"]']],
    ['EXPOSE as BuildKit prints it', 'EXPOSE map[80/tcp:{}]', ['EXPOSE 80/tcp']],
    ['EXPOSE of two', 'EXPOSE map[443/tcp:{} 80/tcp:{}]', ['EXPOSE 443/tcp 80/tcp']],
    ['EXPOSE as newer BuildKit prints it', 'EXPOSE [8080/tcp 9090/udp]', ['EXPOSE 8080/tcp 9090/udp']],
    ['EXPOSE of the classic builder', '/bin/sh -c #(nop)  EXPOSE 80', ['EXPOSE 80']],
    ['STOPSIGNAL', 'STOPSIGNAL SIGQUIT', ['STOPSIGNAL SIGQUIT']],
    [
      'CMD as Go quotes it',
      '/bin/sh -c #(nop)  CMD ["nginx" "-g" "daemon off;"]',
      ['CMD ["nginx", "-g", "daemon off;"]'],
    ],
    // postgres, redis, python, node.
    ['VOLUME', 'VOLUME [/var/lib/postgresql/data]', ['VOLUME ["/var/lib/postgresql/data"]']],
    ['VOLUME of the classic builder', '/bin/sh -c #(nop)  VOLUME [/data]', ['VOLUME ["/data"]']],
    [
      'tabs of postgres',
      '/bin/sh -c set -eux; \tgroupadd -r postgres --gid=999; \tinstall -d /var/lib/postgresql',
      ['RUN set -eux; \\', '\tgroupadd -r postgres --gid=999; \\', '\tinstall -d /var/lib/postgresql'],
    ],
    [
      'what would become a comment stays on its line',
      '/bin/sh -c set -eux; \t# a remark; \tmake',
      ['RUN set -eux; \t# a remark; \\', '\tmake'],
    ],
    ['spaces within quotes stay', "/bin/sh -c printf 'a   b'", ["RUN printf 'a \\", "  b'"]],
    [
      'ENTRYPOINT of old builders',
      '/bin/sh -c #(nop) ENTRYPOINT &{["docker-entrypoint.sh"]}',
      ['ENTRYPOINT ["docker-entrypoint.sh"]'],
    ],
    [
      'CMD for the shell',
      '/bin/sh -c #(nop)  CMD ["/bin/sh" "-c" "node \\"server.js\\""]',
      ['CMD ["/bin/sh", "-c", "node \\"server.js\\""]'],
    ],
    [
      'COPY of the classic builder',
      '/bin/sh -c #(nop) COPY dir:0123456789abcdef0123 in /usr/src/app ',
      [
        '# The name of what was added is not known. Its checksum: dir:0123456789abcdef0123',
        'COPY dir:0123456789abcdef0123 /usr/src/app',
      ],
    ],
    ['COPY with flags', 'COPY --chown=node:node . . # buildkit', ['COPY --chown=node:node . .']],
    [
      'MAINTAINER',
      '/bin/sh -c #(nop)  MAINTAINER Jane <jane@example.org>',
      ['MAINTAINER Jane <jane@example.org>'],
    ],
    ['USER and WORKDIR', 'WORKDIR /home/node/app', ['WORKDIR /home/node/app']],
    ['ONBUILD', '/bin/sh -c #(nop)  ONBUILD COPY . /usr/src/app', ['ONBUILD COPY . /usr/src/app']],
    // Build arguments.
    [
      'build arguments',
      '|1 VERSION=1.2 /bin/sh -c make $VERSION',
      ['# With the build arguments VERSION=1.2', 'RUN make $VERSION'],
    ],
    [
      'build arguments of BuildKit',
      'RUN |2 A=x y B=2 /bin/sh -c make # buildkit',
      ['# With the build arguments A=x y B=2', 'RUN make'],
    ],
    ['no build argument', '|0 /bin/sh -c make', ['RUN make']],
    // Healthchecks.
    [
      'HEALTHCHECK',
      '/bin/sh -c #(nop)  HEALTHCHECK &{["CMD-SHELL" "curl -f http://localhost/ || exit 1"] "30s" "3s" "0s" \'\\x03\'}',
      ['HEALTHCHECK --interval=30s --timeout=3s --retries=3 CMD curl -f http://localhost/ || exit 1'],
    ],
    [
      'HEALTHCHECK with all spans',
      'HEALTHCHECK &{["CMD" "/probe" "-v"] "1m0s" "5s" "10s" "2s" \'\\n\'}',
      [
        'HEALTHCHECK --interval=1m0s --timeout=5s --start-period=10s --start-interval=2s --retries=10 CMD ["/probe", "-v"]',
      ],
    ],
    [
      'HEALTHCHECK with brackets in its command',
      'HEALTHCHECK &{["CMD-SHELL" "[ -f /tmp/ready ]"] "30s" "3s" "0s" \'\\x03\'}',
      ['HEALTHCHECK --interval=30s --timeout=3s --retries=3 CMD [ -f /tmp/ready ]'],
    ],
    [
      'HEALTHCHECK with the end of a list in its command',
      'HEALTHCHECK &{["CMD-SHELL" "a] \\"b\\" \'c"] "30s" "0s" "0s" \'\\x00\'}',
      ['HEALTHCHECK --interval=30s CMD a] "b" \'c'],
    ],
    ['no HEALTHCHECK', 'HEALTHCHECK &{["NONE"] "0s" "0s" "0s" \'\\x00\'}', ['HEALTHCHECK NONE']],
    // Heredocs.
    [
      'several lines',
      'RUN /bin/sh -c apt-get update\napt-get install -y curl\n # buildkit',
      ['RUN <<EOF', 'apt-get update', 'apt-get install -y curl', 'EOF'],
    ],
    [
      'a heredoc',
      'RUN /bin/sh -c python3 <<EOT\nprint(1)\nEOT # buildkit',
      ['RUN python3 <<EOT', 'print(1)', 'EOT'],
    ],
    [
      'a line that ends a heredoc',
      'RUN /bin/sh -c echo a\nEOF\necho b # buildkit',
      ['RUN <<EOF_', 'echo a', 'EOF', 'echo b', 'EOF_'],
    ],
    [
      'instructions behind the end of a heredoc',
      'RUN /bin/sh -c cat <<EOF > /a\nhi\nEOF\nUSER root\nRUN cat <<EOF\nx\nEOF',
      ['RUN <<EOF_', 'cat <<EOF > /a', 'hi', 'EOF', 'USER root', 'RUN cat <<EOF', 'x', 'EOF', 'EOF_'],
    ],
    [
      'a heredoc of tabs',
      'RUN /bin/sh -c cat <<-"EOT" > /a\n\thi\n\tEOT # buildkit',
      ['RUN cat <<-"EOT" > /a', '\thi', '\tEOT'],
    ],
    [
      'a heredoc without an end',
      ['RUN /bin/sh -c cat <<EOF', 'USER nobody'],
      ['RUN <<EOF', 'cat <<EOF', 'EOF', 'USER nobody'],
    ],
    [
      'a COPY of which the text is not told',
      ['COPY <<EOF /a # buildkit', 'USER nobody'],
      ['# Its other lines are not known: COPY <<EOF /a', 'USER nobody'],
    ],
    // Escapes at the end of a line.
    [
      'a backslash at the end elsewhere',
      ['USER a\\', 'USER nobody'],
      ['# Its other lines are not known: USER a\\', 'USER nobody'],
    ],
    [
      'a command that ends with a backslash',
      ['/bin/sh -c echo \\', 'USER nobody'],
      ['RUN <<EOF', 'echo \\', 'EOF', 'USER nobody'],
    ],
    ['no break behind a backslash', '/bin/sh -c echo a\\\tUSER root', ['RUN echo a\\\tUSER root']],
    // Windows, and other builders.
    ['Windows', 'powershell -Command Invoke-WebRequest x', ['RUN Invoke-WebRequest x']],
    ['a step of Windows', 'cmd /S /C #(nop) WORKDIR C:\\app', ['WORKDIR C:\\app']],
    [
      'RUN without a shell',
      'RUN /usr/bin/make install # buildkit',
      [
        '# Run without a shell. Where its words begin and end is a guess.',
        'RUN ["/usr/bin/make", "install"]',
      ],
    ],
    ['kaniko', 'RUN apt-get update', ['RUN apt-get update']],
    ['Bazel', 'bazel build ...', [`# The layer ${LAYER.digest.text}: bazel build ...`]],
    ['nothing told', '', [`# The layer ${LAYER.digest.text}, of which no command is told.`]],
    // Hostile ones: no text begins an instruction of its own.
    ['a comment with line ends', '# a\nRUN evil', ['# a RUN evil']],
    [
      'an unknown builder with line ends',
      'nix\nRUN evil',
      [`# The layer ${LAYER.digest.text}: nix RUN evil`],
    ],
    ['a USER with line ends', 'USER a\nRUN evil', ['USER a RUN evil']],
    ['a label with line ends', 'LABEL a=b\nRUN evil', ['LABEL a="b RUN evil"']],
  ])('%s', (_name, text, lines) => {
    expect(read(typeof text === 'string' ? [text] : text)).toEqual(lines);
  });

  it.each<readonly [string, readonly string[], readonly string[]]>([
    [
      'a path of Windows that ends with a backslash',
      ['cmd /S /C #(nop) WORKDIR C:\\app\\', 'cmd /S /C #(nop) USER ContainerUser'],
      ['WORKDIR C:\\app\\', 'USER ContainerUser'],
    ],
    [
      'RUN of Windows, broken where it was',
      ['cmd /S /C copy C:\\a\\ D:\\     && del C:\\a\\b     && dir C:\\'],
      ['RUN copy C:\\a\\ D:\\     && del C:\\a\\b `', '    && dir C:\\'],
    ],
    ['a value of Windows', ['ENV A=C:\\a b`c'], ['ENV A="C:\\a b``c"']],
  ])('%s', (_name, steps, lines) => {
    expect(read(steps, {}, 'windows')).toEqual(lines);
  });

  it.each(['"<<EOF"', '<< EOF', '<<<EOF', 'x<<EOF', '<<EOF <<END', '${ <<EOF'])(
    'keeps instructions within a RUN where BuildKit reads no heredoc, or two: %s',
    (word) => {
      expect(read([`RUN /bin/sh -c cat ${word}\nUSER root\nEOF`])).toEqual([
        'RUN <<EOF_',
        `cat ${word}`,
        'USER root',
        'EOF',
        'EOF_',
      ]);
    },
  );

  it('finds the ends of values in the image', () => {
    const run = { Env: ['A=x B=y', 'P=1'], Labels: { note: 'say "hi" to $USER' } };
    expect(read(['ENV A=x B=y', 'ENV P=1 Q=2', 'LABEL note=say "hi" to $USER'], run)).toEqual([
      'ENV A="x B=y"',
      'ENV P=1 Q=2',
      'LABEL note="say \\"hi\\" to \\$USER"',
    ]);
  });

  it('runs commands in the shell that SHELL names', () => {
    expect(
      read(['SHELL [/bin/bash -o pipefail -c]', 'RUN /bin/bash -o pipefail -c make | tee log # buildkit']),
    ).toEqual(['SHELL ["/bin/bash", "-o", "pipefail", "-c"]', 'RUN make | tee log']);
  });

  it('names the base of the annotations', () => {
    const config = parseConfig(Buffer.from('{}'));
    expect(readBack([], config, { name: 'a\nb', base: 'docker.io/library/alpine:3' })).toBe(
      [
        '# Read back from the history of a b',
        '# A history keeps no base image: the steps of the base are here too. It keeps no stages, so a COPY',
        '# may have come --from another, and no mounts and secrets of a RUN.',
        '# Its annotations name the base docker.io/library/alpine:3',
        'FROM scratch',
        '',
      ].join('\n'),
    );
  });

  // Each of these took seconds for 30,000 letters, and hours for so many, while an expression looked for the end of
  // the same run from each place in it.
  const MANY = 1_000_000;
  it.each<readonly [string, string, string]>([
    ['spaces in a comment', `#${' '.repeat(MANY)}x`, `#${' '.repeat(MANY)}x`],
    ['line ends and spaces in a comment', `#${' \n'.repeat(MANY / 2)}x`, '# x'],
    ['spaces behind a value', `ENV A=b${' '.repeat(MANY)}!`, `ENV A="b${' '.repeat(MANY)}!"`],
    ['spaces behind a label', `LABEL a=b${' '.repeat(MANY)}!`, `LABEL a="b${' '.repeat(MANY)}!"`],
    ['letters behind a value', `ENV A=b${' x'.repeat(MANY / 2)}`, `ENV A="b${' x'.repeat(MANY / 2)}"`],
    ['pairs', `ENV${' A=b'.repeat(MANY / 4)}`, `ENV${' A=b'.repeat(MANY / 4)}`],
    ['a quoted value', `ENV A="${'\\"'.repeat(MANY / 2)}"`, `ENV A="${'\\"'.repeat(MANY / 2)}"`],
    ['quotes that are escaped', `CMD ["${'\\"'.repeat(MANY / 2)}]`, 'CMD []'],
    [
      'quotes',
      `CMD [${'"'.repeat(MANY)}"]`,
      `CMD [${Array(MANY / 2)
        .fill('""')
        .join(', ')}]`,
    ],
    ['backslashes', `CMD ["${'\\'.repeat(MANY)}]`, 'CMD []'],
    ['brackets', `EXPOSE ${'['.repeat(MANY)}`, `EXPOSE ${'['.repeat(MANY - 1)}`],
    ['spaces in a health check', `HEALTHCHECK &{[]${' '.repeat(MANY)}`, 'HEALTHCHECK &{[]'],
    [
      'texts of a health check',
      `HEALTHCHECK &{[${' ""'.repeat(MANY / 3)}`,
      `HEALTHCHECK &{[${' ""'.repeat(MANY / 3)}`,
    ],
    [
      'quotes of a health check',
      `HEALTHCHECK &{["${'\\"'.repeat(MANY / 2)}`,
      `HEALTHCHECK &{["${'\\"'.repeat(MANY / 2)}`,
    ],
    [
      'what is copied',
      `COPY file:${'0'.repeat(MANY)} ${' '.repeat(MANY)}x`,
      `COPY file:${'0'.repeat(MANY)} ${' '.repeat(MANY)}x`,
    ],
    ['digits of a heredoc', `COPY ${' 1'.repeat(MANY / 2)} /`, `COPY${' 1'.repeat(MANY / 2)} /`],
    [
      'odd characters',
      `USER ${'\u007f\u2028'.repeat(MANY / 2)}`,
      `USER ${'\u007f\u2028'.repeat(MANY / 2)}`.trim(),
    ],
    ['spaces in a command', `RUN /bin/sh -c a${' '.repeat(MANY)}#`, `RUN a${' '.repeat(MANY)}#`],
    ['tabs in a command', `RUN /bin/sh -c a${' \t'.repeat(MANY / 2)}#`, `RUN a${' \t'.repeat(MANY / 2)}#`],
  ])('is read once, however many: %s', (_name, text, expected) => {
    const lines = read([text]);
    expect(lines).toHaveLength(1);
    expect(lines[0] === expected, `${lines[0]?.slice(0, 60)} … ${lines[0]?.slice(-60)}`).toBe(true);
  });

  it('takes no shell for one that nobody has', () => {
    const shell = Array(2000).fill('sh').join(' ');
    expect(read([`SHELL [${shell}]`, `RUN ${shell} make`]).at(-1)).toContain('make');
    expect(read([`SHELL [${shell}]`, `RUN ${shell} make`]).at(-1)).not.toBe('RUN make');
  });
});
