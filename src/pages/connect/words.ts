import type { Words } from '../text/language.ts';
import type { Client, Note } from './clients.ts';

interface ConnectWords {
  readonly title: string;
  readonly lead: (host: string) => string;
  readonly clients: Readonly<Record<Client, string>>;
  readonly choose: string;
  readonly steps: Readonly<Record<'fetch' | 'trust' | 'sign-in' | 'push' | 'pull', string>>;
  readonly notes: Readonly<Record<Note, string>>;
  readonly fingerprint: string;
  readonly noTrust: string;
  readonly content: (file: string) => string;
  readonly badHost: string;
  readonly why: string;
  readonly fails: string;
}

export const CONNECT_WORDS: Words<ConnectWords> = {
  en: {
    title: 'Connect a machine',
    lead: (host) =>
      `The commands for ${host}, ready to copy. Type them on the machine that is to push or pull.`,
    clients: {
      docker: 'docker',
      'docker-rootless': 'docker, rootless',
      podman: 'podman',
      containerd: 'containerd, nerdctl',
      k3s: 'k3s',
      rke2: 'RKE2',
      buildx: 'buildx',
      windows: 'Windows',
      macos: 'macOS',
      skopeo: 'skopeo',
      crane: 'crane',
      helm: 'helm',
    },
    choose: 'Client',
    steps: {
      fetch: 'Fetch the CA and compare it',
      trust: 'Trust it',
      'sign-in': 'Sign in',
      push: 'Push',
      pull: 'Pull',
    },
    notes: {
      compare:
        'The connection is not verified yet, so compare the SHA-256 that is printed with this one, which an owner can confirm:',
      dockerTokens:
        'Docker 29 with its containerd image store looks for the CA of the token service in the system’s store alone. If a push hangs after “Layer already exists”, run the same line once more with system in place of docker, and restart Docker.',
      configPath:
        'containerd reads the folder only where config_path = "/etc/containerd/certs.d" is set in its config.toml.',
      untested: 'This follows the documentation of that program. The gate’s own tests do not run it.',
      restartDesktop:
        'Then restart Docker Desktop: its engine copies the trusted CAs of the system when it starts.',
      asAdministrator: 'In a PowerShell that runs as administrator.',
      restartK3s: 'Then restart k3s: sudo systemctl restart k3s',
      restartRke2: 'Then restart RKE2: sudo systemctl restart rke2-server (on an agent: rke2-agent)',
      tokenForFile: 'A password in a file should be a token: make one under My account, for pulls alone.',
      withToken: 'It asks for your password. For a program, take a token from My account in its place.',
    },
    fingerprint: 'SHA-256 of the CA',
    noTrust:
      'The certificate of this registry is not from a CA of its own, so there is nothing to install where clients know its CA, as they do with a public one.',
    content: (file) => `Content of ${file}:`,
    badHost:
      'Your browser calls this registry by a name that stands in no image name. Open the page by the name that clients use.',
    fails: 'If a step fails, this names the cause on that machine, and the command that cures it:',
    why: 'You do not need insecure-registries: it would send your password to any server that answers.',
  },
  ko: {
    title: '기기 연결',
    lead: (host) => `${host}에 맞춘 명령입니다. 푸시하거나 풀할 기기에서 실행하세요.`,
    clients: {
      docker: 'docker',
      'docker-rootless': 'docker(rootless)',
      podman: 'podman',
      containerd: 'containerd, nerdctl',
      k3s: 'k3s',
      rke2: 'RKE2',
      buildx: 'buildx',
      windows: 'Windows',
      macos: 'macOS',
      skopeo: 'skopeo',
      crane: 'crane',
      helm: 'helm',
    },
    choose: '클라이언트',
    steps: {
      fetch: 'CA를 받아 지문 확인',
      trust: '신뢰 등록',
      'sign-in': '로그인',
      push: '푸시',
      pull: '풀',
    },
    notes: {
      compare:
        '아직 검증되지 않은 연결이므로, 출력된 SHA-256이 아래 값과 같은지 확인하세요. 소유자에게 확인받을 수 있습니다.',
      dockerTokens:
        'containerd 이미지 저장소를 쓰는 Docker 29는 토큰 서비스의 CA를 시스템 저장소에서만 찾습니다. “Layer already exists” 뒤에 푸시가 멈추면 위 명령의 docker를 system으로 바꿔 한 번 더 실행하고 Docker를 다시 시작하세요.',
      configPath:
        'containerd는 config.toml에 config_path = "/etc/containerd/certs.d"가 설정된 경우에만 이 폴더를 읽습니다.',
      untested: '해당 프로그램의 문서를 따른 내용이며 게이트의 테스트로는 확인하지 않았습니다.',
      restartDesktop: '그다음 Docker Desktop을 다시 시작하세요. 시작할 때 시스템이 신뢰하는 CA를 가져옵니다.',
      asAdministrator: '관리자 권한으로 연 PowerShell에서 실행하세요.',
      restartRke2:
        '그다음 RKE2를 다시 시작하세요: sudo systemctl restart rke2-server (에이전트는 rke2-agent)',
      restartK3s: '그다음 k3s를 다시 시작하세요: sudo systemctl restart k3s',
      tokenForFile: '파일에는 비밀번호 대신 토큰을 쓰세요. 내 계정에서 풀 전용 토큰을 만들 수 있습니다.',
      withToken: '비밀번호를 묻습니다. 프로그램에서 쓸 때는 내 계정에서 만든 토큰을 대신 입력하세요.',
    },
    fingerprint: 'CA의 SHA-256',
    noTrust:
      '이 레지스트리의 인증서는 자체 CA에서 발급된 것이 아닙니다. 공인 CA처럼 클라이언트가 이미 신뢰하는 CA라면 따로 설치할 것이 없습니다.',
    content: (file) => `${file} 내용:`,
    badHost:
      '지금 주소는 이미지 이름에 쓸 수 없는 이름입니다. 클라이언트가 쓰는 이름으로 이 페이지를 여세요.',
    fails: '실패하는 단계가 있으면, 그 기기에서 이 명령이 원인과 해결하는 명령을 알려 줍니다:',
    why: 'insecure-registries는 필요하지 않습니다. 이 설정은 응답하는 아무 서버에나 비밀번호를 보냅니다.',
  },
};
