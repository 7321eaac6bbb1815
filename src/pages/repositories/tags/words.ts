import type { ArtifactKind } from './artifact-kind.ts';
import type { Words } from '../../text/language.ts';

interface TagsWords {
  readonly all: string;
  readonly where: string;
  readonly tags: (count: number, shown: string) => string;
  readonly pushed: string;
  readonly pushedBy: (user: string) => string;
  readonly space: string;
  readonly incomplete: string;
  readonly columns: {
    readonly select: string;
    readonly version: string;
    readonly name: string;
    readonly platforms: string;
    readonly size: string;
    readonly sizeHint: string;
    readonly digest: string;
    readonly created: string;
    readonly pushed: string;
    readonly by: string;
    readonly pulled: string;
  };
  readonly kinds: Readonly<Record<Exclude<ArtifactKind, 'image' | 'other'>, string>>;
  readonly filter: string;
  readonly apply: string;
  readonly remove: string;
  readonly compare: string;
  readonly compareWith: string;
  readonly selectAll: string;
  readonly select: (tag: string) => string;
  readonly selected: string;
  readonly problem: string;
  readonly unread: string;
  readonly referrers: (count: number, shown: string) => string;
  readonly untagged: string;
  readonly referrersHint: string;
  readonly images: string;
  readonly noneTitle: string;
  readonly noneFound: (search: string) => string;
  readonly noTags: string;
  readonly noTagsHint: string;
  readonly noReferrers: string;
  readonly clear: string;
}

export const TAGS_WORDS: Words<TagsWords> = {
  en: {
    all: 'All repositories',
    where: 'Folder',
    tags: (count, shown) => (count === 1 ? '1 tag' : `${shown} tags`),
    pushed: 'last push',
    pushedBy: (user) => `by ${user}`,
    space: 'Space by tag',
    incomplete: 'This repository is still being read: sizes and counts may grow.',
    columns: {
      select: 'Select',
      version: 'Tag',
      name: 'A–Z',
      platforms: 'Platforms',
      size: 'Size',
      sizeHint: 'What a pull of one platform fetches',
      digest: 'Digest',
      created: 'Created',
      pushed: 'Pushed',
      by: 'Pushed by',
      pulled: 'Last pull',
    },
    kinds: {
      chart: 'Helm chart',
      signature: 'Signature',
      sbom: 'SBOM',
      attestation: 'Attestation',
      'scan report': 'Scan report',
    },
    filter: 'Filter tags',
    apply: 'Filter',
    remove: 'Remove…',
    compare: 'Compare',
    compareWith: 'with',
    selectAll: 'Select all on this page',
    select: (tag) => `Select ${tag}`,
    selected: 'selected',
    problem: 'cannot be read',
    unread: 'not read yet',
    referrers: (count, shown) =>
      count === 1 ? '1 tag of signatures and SBOMs' : `${shown} tags of signatures and SBOMs`,
    untagged: 'Manifests without a tag',
    referrersHint:
      'These tags belong to images: their names begin with the digest of the image. They go along when the image is removed.',
    images: 'Back to the tags of images',
    noneTitle: 'Nothing found',
    noneFound: (search) => `No tag of this repository holds “${search}”.`,
    noTags: 'No tags',
    noTagsHint: 'This repository has no tag. A push gives it one.',
    noReferrers: 'No image here has a signature or an SBOM with a tag of its own.',
    clear: 'Clear filter',
  },
  ko: {
    all: '전체 저장소',
    where: '폴더',
    tags: (_count, shown) => `태그 ${shown}개`,
    pushed: '마지막 푸시',
    pushedBy: (user) => `(${user})`,
    space: '태그별 용량',
    incomplete: '저장소를 아직 읽는 중입니다. 크기와 개수가 늘어날 수 있습니다.',
    columns: {
      select: '선택',
      version: '태그',
      name: '이름순',
      platforms: '플랫폼',
      size: '크기',
      sizeHint: '플랫폼 하나를 풀할 때 내려받는 크기',
      digest: '다이제스트',
      created: '생성',
      pushed: '푸시',
      by: '푸시한 사용자',
      pulled: '마지막 풀',
    },
    kinds: {
      chart: 'Helm 차트',
      signature: '서명',
      sbom: 'SBOM',
      attestation: '증명',
      'scan report': '검사 보고서',
    },
    filter: '태그 필터',
    apply: '필터',
    remove: '삭제…',
    compare: '비교',
    compareWith: '비교할 태그',
    selectAll: '이 페이지의 태그 모두 선택',
    select: (tag) => `${tag} 선택`,
    selected: '개 선택됨',
    problem: '읽을 수 없음',
    unread: '아직 읽지 않음',
    referrers: (_count, shown) => `서명과 SBOM 태그 ${shown}개`,
    untagged: '태그 없는 매니페스트',
    referrersHint:
      '이미지에 딸린 태그입니다. 이름이 이미지의 다이제스트로 시작하며, 이미지를 삭제하면 함께 삭제됩니다.',
    images: '이미지 태그로 돌아가기',
    noneTitle: '검색 결과가 없습니다',
    noneFound: (search) => `이 저장소에는 “${search}”에 해당하는 태그가 없습니다.`,
    noTags: '태그 없음',
    noTagsHint: '이 저장소에는 태그가 없습니다. 푸시하면 생깁니다.',
    noReferrers: '별도의 태그로 서명이나 SBOM이 붙은 이미지가 없습니다.',
    clear: '필터 지우기',
  },
};
