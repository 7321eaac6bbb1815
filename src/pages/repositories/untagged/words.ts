import type { ArtifactKind } from '../tags/artifact-kind.ts';
import type { Words } from '../../text/language.ts';

interface UntaggedWords {
  readonly all: string;
  readonly where: string;
  readonly title: string;
  readonly of: (repository: string) => string;
  readonly hint: string;
  readonly seenHint: string;
  readonly columns: {
    readonly select: string;
    readonly digest: string;
    readonly kind: string;
    readonly size: string;
    readonly since: string;
    readonly why: string;
  };
  readonly kinds: Readonly<Record<ArtifactKind | 'index' | 'unreadable', string>>;
  readonly select: (digest: string) => string;
  readonly partOfTag: (tag: string) => string;
  readonly partOf: string;
  readonly refersTo: string;
  readonly nothing: string;
  readonly freed: (size: string) => string;
  readonly freedHint: string;
  readonly remove: string;
  readonly none: string;
  readonly noneHint: string;
  readonly back: string;
}

export const UNTAGGED_WORDS: Words<UntaggedWords> = {
  en: {
    all: 'All repositories',
    where: 'Folder',
    title: 'Manifests without a tag',
    of: (repository) => `Manifests without a tag in ${repository}`,
    hint: 'Images that a tag has left, the images inside an index, and what refers to an image.',
    seenHint:
      'A registry behind the gate does not list these: they are those that were pushed through the gate, or that a tag has left since the gate knows the repository.',
    columns: {
      select: 'Select',
      digest: 'Digest',
      kind: 'What it is',
      size: 'Size',
      since: 'Since',
      why: 'Kept by',
    },
    kinds: {
      image: 'Image',
      index: 'Index',
      chart: 'Helm chart',
      signature: 'Signature',
      sbom: 'SBOM',
      attestation: 'Attestation',
      'scan report': 'Scan report',
      other: 'Artifact',
      unreadable: "Can't be read",
    },
    select: (digest) => `Select ${digest}`,
    partOfTag: (tag) => `part of ${tag}`,
    partOf: 'part of',
    refersTo: 'refers to',
    nothing: 'nothing',
    freed: (size) => `Garbage collection gives back at most ${size} of what is listed here:`,
    freedHint: 'What nothing keeps, each blob once, less what tags of this repository need.',
    remove: 'Remove…',
    none: 'None',
    noneHint: 'Every manifest of this repository that is known has a tag.',
    back: 'Back to the repository',
  },
  ko: {
    all: '전체 저장소',
    where: '폴더',
    title: '태그 없는 매니페스트',
    of: (repository) => `${repository}의 태그 없는 매니페스트`,
    hint: '태그가 떠난 이미지, 인덱스 안의 이미지, 이미지를 참조하는 항목입니다.',
    seenHint:
      '게이트 뒤의 레지스트리는 이 목록을 제공하지 않습니다. 게이트를 거쳐 푸시되었거나, 게이트가 저장소를 알게 된 뒤에 태그가 떠난 것만 표시합니다.',
    columns: {
      select: '선택',
      digest: '다이제스트',
      kind: '종류',
      size: '크기',
      since: '시점',
      why: '유지하는 이유',
    },
    kinds: {
      image: '이미지',
      index: '인덱스',
      chart: 'Helm 차트',
      signature: '서명',
      sbom: 'SBOM',
      attestation: '증명',
      'scan report': '검사 보고서',
      other: '아티팩트',
      unreadable: '읽을 수 없음',
    },
    select: (digest) => `${digest} 선택`,
    partOfTag: (tag) => `${tag}에 포함됨`,
    partOf: '다음에 포함됨:',
    refersTo: '다음을 참조함:',
    nothing: '없음',
    freed: (size) => `가비지를 수집하면 이 목록에서 최대 ${size}를 확보합니다.`,
    freedHint:
      '아무것도 유지하지 않는 것의 합계입니다. 같은 블롭은 한 번만 계산하고, 이 저장소의 태그에 필요한 것은 뺍니다.',
    remove: '삭제…',
    none: '없음',
    noneHint: '알려진 매니페스트에는 모두 태그가 있습니다.',
    back: '저장소로 돌아가기',
  },
};
