import type { Words } from '../../text/language.ts';

interface CompareWords {
  readonly title: string;
  readonly intro: string;
  readonly first: string;
  readonly second: string;
  readonly hint: string;
  readonly swap: string;
  readonly compare: string;
  readonly same: string;
  readonly pull: (first: string, fetch: string, second: string, whole: string) => string;
  readonly nothingToFetch: (first: string, second: string) => string;
  readonly shared: string;
  readonly added: (name: string) => string;
  readonly removed: (name: string) => string;
  readonly amount: (size: string, layers: string) => string;
  readonly layers: string;
  readonly layer: string;
  readonly size: string;
  readonly where: string;
  readonly recompressed: string;
  readonly settings: string;
  readonly noSettings: string;
  readonly what: string;
  readonly change: string;
  readonly changes: Readonly<Record<'added' | 'removed' | 'changed', string>>;
  readonly names: Readonly<Record<string, string>>;
}

export const COMPARE_WORDS: Words<CompareWords> = {
  en: {
    title: 'Compare',
    intro:
      'Choose two images of this repository: what layers they share, which settings differ, and what a pull fetches.',
    first: 'From',
    second: 'To',
    hint: 'A tag or a digest',
    swap: 'Swap',
    compare: 'Compare',
    same: 'The two are the same image.',
    pull: (first, fetch, second, whole) =>
      `A machine that has ${first} fetches ${fetch} of ${whole} for ${second}.`,
    nothingToFetch: (first, second) =>
      `A machine that has ${first} fetches nothing but the manifest for ${second}.`,
    shared: 'in both',
    added: (name) => `in ${name} alone`,
    removed: (name) => `in ${name} alone`,
    amount: (size, layers) => `${size} in ${layers === '1' ? '1 layer' : `${layers} layers`}`,
    layers: 'Layers',
    layer: 'Layer',
    size: 'Size',
    where: 'Where',
    recompressed: 'the same files in the other image, compressed otherwise',
    settings: 'Settings',
    noSettings: 'All settings are the same.',
    what: 'Setting',
    change: 'Change',
    changes: { added: 'added', removed: 'removed', changed: 'changed' },
    names: {
      MediaType: 'Type',
      ArtifactType: 'Artifact type',
      Platform: 'Platform',
      Created: 'Created',
      Author: 'Author',
      User: 'User',
      WorkingDir: 'Working directory',
      Entrypoint: 'Entrypoint',
      Cmd: 'Command',
      StopSignal: 'Stop signal',
      Shell: 'Shell',
      OnBuild: 'On build',
      Healthcheck: 'Health check',
      Env: 'Environment',
      ExposedPorts: 'Port',
      Volumes: 'Volume',
      Labels: 'Label',
      Annotations: 'Annotation',
    },
  },
  ko: {
    title: '비교',
    intro: '이 저장소의 이미지 두 개를 고르면 공유하는 레이어, 달라진 설정, 내려받을 용량을 보여 줍니다.',
    first: '기준',
    second: '대상',
    hint: '태그 또는 다이제스트',
    swap: '서로 바꾸기',
    compare: '비교',
    same: '두 이미지는 같습니다.',
    pull: (first, fetch, second, whole) =>
      `${first} 이미지가 있는 기기에서 ${second} 이미지를 받으면 ${whole} 중 ${fetch}만 내려받습니다.`,
    nothingToFetch: (first, second) =>
      `${first} 이미지가 있는 기기에서 ${second} 이미지를 받으면 매니페스트만 내려받습니다.`,
    shared: '양쪽에 있음',
    added: (name) => `${name}에만 있음`,
    removed: (name) => `${name}에만 있음`,
    amount: (size, layers) => `${size} (레이어 ${layers}개)`,
    layers: '레이어',
    layer: '레이어',
    size: '크기',
    where: '위치',
    recompressed: '다른 이미지에 같은 파일이 다르게 압축되어 있음',
    settings: '설정',
    noSettings: '모든 설정이 같습니다.',
    what: '설정',
    change: '변경',
    changes: { added: '추가', removed: '제거', changed: '변경' },
    names: {
      MediaType: '형식',
      ArtifactType: '아티팩트 형식',
      Platform: '플랫폼',
      Created: '생성',
      Author: '작성자',
      User: '사용자',
      WorkingDir: '작업 디렉터리',
      Entrypoint: '엔트리포인트',
      Cmd: '명령',
      StopSignal: '종료 신호',
      Shell: '셸',
      OnBuild: '후속 빌드 명령',
      Healthcheck: '상태 검사',
      Env: '환경 변수',
      ExposedPorts: '포트',
      Volumes: '볼륨',
      Labels: '레이블',
      Annotations: '주석',
    },
  },
};
