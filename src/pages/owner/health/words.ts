import type { EndingKind } from '../../../lib/ending.ts';
import type { Words } from '../../text/language.ts';
import type { HealthReport } from './report.ts';

type Place = HealthReport['disks'][number]['place'];

export interface HealthWords {
  readonly title: string;
  readonly levels: Readonly<Record<'ok' | 'warn' | 'bad', string>>;
  readonly allWell: string;
  readonly notWell: (count: number) => string;
  readonly live: string;
  readonly what: string;
  readonly state: string;
  readonly cure: string;
  readonly registry: string;
  readonly embedded: string;
  readonly behind: string;
  readonly ready: string;
  readonly unready: (reason: string) => string;
  readonly limited: (reason: string) => string;
  readonly disks: Readonly<Record<Place, string>>;
  readonly free: (free: string, size: string, percent: string) => string;
  readonly kinds: Readonly<Record<EndingKind, string>>;
  readonly daysLeft: (days: number, day: string) => string;
  readonly ended: (day: string) => string;
  readonly renewed: string;
  readonly byHand: string;
  readonly tokens: string;
  readonly noTokens: string;
  readonly workers: string;
  readonly workersAnswer: (answered: number, expected: number) => string;
  readonly oneProcess: string;
  readonly cures: Readonly<
    Record<
      'registry' | 'embedded' | 'disk' | 'cache' | 'state' | 'certificate' | 'CA' | 'token' | 'workers',
      string
    >
  >;
  readonly facts: string;
  readonly version: string;
  readonly node: string;
  readonly since: string;
  readonly connections: string;
  readonly names: string;
  readonly transfers: string;
  readonly noTransfers: string;
  readonly others: (count: string) => string;
  readonly who: string;
  readonly repository: string;
  readonly direction: string;
  readonly directions: Readonly<Record<'push' | 'pull', string>>;
  readonly bytes: string;
  readonly rate: string;
  readonly perSecond: (size: string) => string;
  readonly of: (bytes: string, total: string) => string;
  readonly anonymous: string;
}

export const HEALTH_WORDS: Words<HealthWords> = {
  en: {
    title: 'Health',
    levels: { ok: 'Good', warn: 'Look at it', bad: 'Broken' },
    allWell: 'Everything works.',
    notWell: (count) => (count === 1 ? 'One thing needs you.' : `${count} things need you.`),
    live: 'Follows along while you look.',
    what: 'What',
    state: 'State',
    cure: 'What to do',
    registry: 'Registry',
    embedded: 'embedded',
    behind: 'behind the gate',
    ready: 'ready',
    unready: (reason) => `not ready: ${reason}`,
    limited: (reason) => `ready, but ${reason}`,
    disks: { state: 'Disk of the state', registry: 'Disk of the images', cache: 'Disk of the cache' },
    free: (free, size, percent) => `${free} of ${size} free (${percent})`,
    kinds: {
      certificate: 'Certificate',
      intermediate: 'Intermediate certificate',
      CA: 'CA',
      'backend CA': 'CA of the registry',
      'token certificate': 'Certificate for tokens',
      'machine token': 'Token',
    },
    daysLeft: (days, day) => `${days} ${days === 1 ? 'day' : 'days'} left, until ${day}`,
    ended: (day) => `ended on ${day}`,
    renewed: 'renewed by the gate itself',
    byHand: 'renewed by hand',
    tokens: 'Machine tokens',
    noTokens: 'none ends within 30 days',
    workers: 'Processes',
    workersAnswer: (answered, expected) => `${answered} of ${expected} workers answer`,
    oneProcess: 'one process',
    cures: {
      registry: 'registry-gate config check --connect',
      embedded: 'See the log of the gate.',
      disk: 'registry-gate gc --dry-run',
      cache: 'Lower cache.maxBytes, or give it a larger disk.',
      state: 'Make room: users cannot sign in to the pages, and tokens are not stored, without space.',
      certificate: 'registry-gate certs renew',
      CA: 'registry-gate certs status',
      token: 'registry-gate tokens create NAME, then revoke the old one',
      workers: 'See the log of the gate. A worker that died is started again.',
    },
    facts: 'The gate',
    version: 'Version',
    node: 'Node.js',
    since: 'Started',
    connections: 'Open connections',
    names: 'Names in the certificate',
    transfers: 'Under way',
    noTransfers: 'No layer is being pushed or pulled at this moment.',
    others: (count) => `and ${count} more`,
    who: 'Who',
    repository: 'Repository',
    direction: 'Direction',
    directions: { push: 'push', pull: 'pull' },
    bytes: 'Moved',
    rate: 'Rate',
    perSecond: (size) => `${size}/s`,
    of: (bytes, total) => `${bytes} of ${total}`,
    anonymous: 'anonymous',
  },
  ko: {
    title: '상태',
    levels: { ok: '정상', warn: '확인 필요', bad: '장애' },
    allWell: '모두 정상입니다.',
    notWell: (count) => `조치가 필요한 항목이 ${count}개 있습니다.`,
    live: '페이지를 보는 동안 자동으로 갱신됩니다.',
    what: '항목',
    state: '상태',
    cure: '조치',
    registry: '레지스트리',
    embedded: '내장',
    behind: '게이트 뒤',
    ready: '준비됨',
    unready: (reason) => `준비되지 않음: ${reason}`,
    limited: (reason) => `준비됨, 단 ${reason}`,
    disks: { state: '상태 디렉터리 디스크', registry: '이미지 디스크', cache: '캐시 디스크' },
    free: (free, size, percent) => `${size} 중 ${free} 남음 (${percent})`,
    kinds: {
      certificate: '인증서',
      intermediate: '중간 인증서',
      CA: 'CA',
      'backend CA': '레지스트리의 CA',
      'token certificate': '토큰용 인증서',
      'machine token': '토큰',
    },
    daysLeft: (days, day) => `${days}일 남음, ${day}까지`,
    ended: (day) => `${day}에 만료됨`,
    renewed: '게이트가 자동으로 갱신',
    byHand: '직접 갱신해야 함',
    tokens: '기계용 토큰',
    noTokens: '30일 안에 만료되는 토큰 없음',
    workers: '프로세스',
    workersAnswer: (answered, expected) => `워커 ${expected}개 중 ${answered}개 응답`,
    oneProcess: '단일 프로세스',
    cures: {
      registry: 'registry-gate config check --connect',
      embedded: '게이트 로그를 확인하세요.',
      disk: 'registry-gate gc --dry-run',
      cache: 'cache.maxBytes를 낮추거나 더 큰 디스크를 사용하세요.',
      state: '공간을 확보하세요. 공간이 없으면 페이지 로그인과 토큰 저장이 되지 않습니다.',
      certificate: 'registry-gate certs renew',
      CA: 'registry-gate certs status',
      token: 'registry-gate tokens create NAME 실행 후 기존 토큰 폐기',
      workers: '게이트 로그를 확인하세요. 종료된 워커는 다시 시작됩니다.',
    },
    facts: '게이트',
    version: '버전',
    node: 'Node.js',
    since: '시작',
    connections: '열린 연결',
    names: '인증서의 이름',
    transfers: '진행 중인 전송',
    noTransfers: '지금 푸시하거나 풀하는 레이어가 없습니다.',
    others: (count) => `외 ${count}건`,
    who: '사용자',
    repository: '저장소',
    direction: '방향',
    directions: { push: '푸시', pull: '풀' },
    bytes: '전송량',
    rate: '속도',
    perSecond: (size) => `${size}/초`,
    of: (bytes, total) => `${total} 중 ${bytes}`,
    anonymous: '익명',
  },
};
