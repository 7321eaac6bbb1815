import type { Words } from '../../text/language.ts';

interface ReferrerWords {
  readonly digest: string;
  readonly mediaType: string;
  readonly artifactType: string;
  readonly subject: string;
  readonly created: string;
  readonly size: string;
  readonly annotations: string;
  readonly contents: string;
  readonly manifest: string;
  readonly notShown: (count: string) => string;
  readonly statement: string;
  readonly stored: string;
  readonly predicate: string;
  readonly about: string;
  readonly unchecked: string;
  readonly missing: string;
  readonly entries: string;
  readonly index: string;
}

export const REFERRER_WORDS: Words<ReferrerWords> = {
  en: {
    digest: 'Digest',
    mediaType: 'Type',
    artifactType: 'Artifact type',
    subject: 'Refers to',
    created: 'Created',
    size: 'Size',
    annotations: 'Annotations',
    contents: 'Content',
    manifest: 'Manifest',
    notShown: (count) => `${count} more are not shown.`,
    statement: 'Statement',
    stored: 'As it is stored',
    predicate: 'Says',
    about: 'About',
    unchecked: 'Signatures are not checked here: cosign verify and notation verify do that.',
    missing: 'The registry does not have this content.',
    entries: 'Entries',
    index: 'Index',
  },
  ko: {
    digest: '다이제스트',
    mediaType: '형식',
    artifactType: '아티팩트 형식',
    subject: '참조 대상',
    created: '생성',
    size: '크기',
    annotations: '주석',
    contents: '내용',
    manifest: '매니페스트',
    notShown: (count) => `외 ${count}개는 표시하지 않습니다.`,
    statement: '증명 내용',
    stored: '저장된 그대로',
    predicate: '종류',
    about: '대상',
    unchecked: '여기서는 서명을 검증하지 않습니다. cosign verify 또는 notation verify로 검증하세요.',
    missing: '레지스트리에 이 내용이 없습니다.',
    entries: '항목',
    index: '인덱스',
  },
};
