import type { Words } from '../../text/language.ts';

interface ImageWords {
  readonly platform: string;
  readonly noPlatform: string;
  readonly attested: (count: number) => string;
  readonly digest: string;
  readonly indexDigest: string;
  readonly mediaType: string;
  readonly artifactType: string;
  readonly created: string;
  readonly author: string;
  readonly size: string;
  readonly sizeText: (layers: string) => string;
  readonly base: string;
  readonly subject: string;
  readonly layers: string;
  readonly layer: (number: number) => string;
  readonly legend: Readonly<Record<'alone' | 'shared', string>>;
  readonly inLayers: (size: string, layers: string) => string;
  readonly inOthers: (tags: number) => string;
  readonly layersHint: string;
  readonly build: string;
  readonly buildHint: string;
  readonly step: string;
  readonly age: string;
  readonly moreSteps: (count: string) => string;
  readonly wholeStep: string;
  readonly cutStep: (size: string) => string;
  readonly starts: string;
  readonly entrypoint: string;
  readonly command: string;
  readonly workingDir: string;
  readonly user: string;
  readonly root: string;
  readonly ports: string;
  readonly volumes: string;
  readonly stopSignal: string;
  readonly healthcheck: string;
  readonly shell: string;
  readonly onBuild: string;
  readonly environment: string;
  readonly labels: string;
  readonly annotations: string;
  readonly indexAnnotations: string;
  readonly referrers: string;
  readonly noReferrers: string;
  readonly ofIndex: string;
  readonly moreReferrers: string;
  readonly kinds: Readonly<Record<ArtifactKind, string>>;
  readonly contents: string;
  readonly content: string;
  readonly config: string;
  readonly show: string;
}

export type ArtifactKind =
  | 'helm'
  | 'wasm'
  | 'compose'
  | 'signature'
  | 'sbom'
  | 'attestation'
  | 'scan report'
  | 'other';

export const IMAGE_WORDS: Words<ImageWords> = {
  en: {
    platform: 'Platform',
    noPlatform: 'not stated',
    attested: (count) => (count === 1 ? '1 attestation' : `${count} attestations`),
    digest: 'Digest',
    indexDigest: 'Index',
    mediaType: 'Type',
    artifactType: 'Artifact type',
    created: 'Created',
    author: 'Author',
    size: 'Size',
    sizeText: (layers) => `to pull, in ${layers === '1' ? '1 layer' : `${layers} layers`}`,
    base: 'Base',
    subject: 'Refers to',
    layers: 'Layers',
    layer: (number) => `Layer ${number}`,
    legend: { alone: 'this tag alone', shared: 'other tags of the repository too' },
    inLayers: (size, layers) => `${size} in ${layers === '1' ? '1 layer' : `${layers} layers`}`,
    inOthers: (tags) =>
      tags === 0 ? 'in no other tag' : tags === 1 ? 'also in 1 other tag' : `also in ${tags} other tags`,
    layersHint: 'The lowest layer is at the left. The widths are to scale.',
    build: 'How it was built',
    buildHint:
      'Read back from the history of the image, the oldest step first. The steps of its base are here too. Sizes are those of the layers as they are stored.',
    step: 'Step',
    age: 'Age',
    moreSteps: (count) => `and ${count} more steps, which are not shown`,
    wholeStep: 'whole step',
    cutStep: (size) => `Only its beginning is shown. The whole step has ${size}.`,
    starts: 'How it starts',
    entrypoint: 'Entrypoint',
    command: 'Command',
    workingDir: 'Working directory',
    user: 'User',
    root: 'root, as none is set',
    ports: 'Ports',
    volumes: 'Volumes',
    stopSignal: 'Stop signal',
    healthcheck: 'Health check',
    shell: 'Shell',
    onBuild: 'On build',
    environment: 'Environment',
    labels: 'Labels',
    annotations: 'Annotations',
    indexAnnotations: 'Annotations of the index',
    referrers: 'Signatures, SBOMs and attestations',
    noReferrers: 'Nothing refers to this image.',
    ofIndex: 'of all platforms',
    moreReferrers: 'There is more than is shown here, or some of it cannot be read.',
    kinds: {
      helm: 'Helm chart',
      wasm: 'WebAssembly',
      compose: 'Compose application',
      signature: 'Signature',
      sbom: 'SBOM',
      attestation: 'Attestation',
      'scan report': 'Scan report',
      other: 'Artifact',
    },
    contents: 'What it holds',
    content: 'Content',
    config: 'Configuration',
    show: 'Show the content',
  },
  ko: {
    platform: '플랫폼',
    noPlatform: '명시되지 않음',
    attested: (count) => `증명 ${count}개`,
    digest: '다이제스트',
    indexDigest: '인덱스',
    mediaType: '형식',
    artifactType: '아티팩트 형식',
    created: '생성',
    author: '작성자',
    size: '크기',
    sizeText: (layers) => `(내려받는 크기, 레이어 ${layers}개)`,
    base: '베이스',
    subject: '참조 대상',
    layers: '레이어',
    layer: (number) => `레이어 ${number}`,
    legend: { alone: '이 태그에만 있음', shared: '저장소의 다른 태그와 공유' },
    inLayers: (size, layers) => `${size} (레이어 ${layers}개)`,
    inOthers: (tags) => (tags === 0 ? '다른 태그에는 없음' : `다른 태그 ${tags}개와 공유`),
    layersHint: '왼쪽이 가장 아래 레이어이며, 너비는 크기에 비례합니다.',
    build: '빌드 과정',
    buildHint:
      '이미지의 히스토리를 오래된 단계부터 Dockerfile로 되살린 것입니다. 베이스 이미지의 단계도 포함되며, 크기는 레이어가 저장된 크기입니다.',
    step: '단계',
    age: '시점',
    moreSteps: (count) => `외 ${count}개 단계는 표시하지 않습니다`,
    wholeStep: '전체 보기',
    cutStep: (size) => `앞부분만 표시합니다. 전체 크기는 ${size}입니다.`,
    starts: '실행 설정',
    entrypoint: '엔트리포인트',
    command: '명령',
    workingDir: '작업 디렉터리',
    user: '사용자',
    root: '지정되지 않아 root로 실행',
    ports: '포트',
    volumes: '볼륨',
    stopSignal: '종료 신호',
    healthcheck: '상태 검사',
    shell: '셸',
    onBuild: '후속 빌드 명령',
    environment: '환경 변수',
    labels: '레이블',
    annotations: '주석',
    indexAnnotations: '인덱스의 주석',
    referrers: '서명, SBOM, 증명',
    noReferrers: '이 이미지를 참조하는 것이 없습니다.',
    ofIndex: '모든 플랫폼',
    moreReferrers: '표시하지 않은 항목이 더 있거나, 일부를 읽을 수 없습니다.',
    kinds: {
      helm: 'Helm 차트',
      wasm: 'WebAssembly',
      compose: 'Compose 애플리케이션',
      signature: '서명',
      sbom: 'SBOM',
      attestation: '증명',
      'scan report': '검사 보고서',
      other: '아티팩트',
    },
    contents: '들어 있는 것',
    content: '내용',
    config: '설정',
    show: '내용 보기',
  },
};
