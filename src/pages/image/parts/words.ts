import type { Words } from '../../text/language.ts';

interface PartsWords {
  readonly more: (count: string) => string;
  readonly path: string;
  readonly repositories: string;
  readonly views: string;
  readonly image: string;
  readonly files: string;
  readonly compare: string;
  readonly unreadable: string;
  readonly unreadableText: string;
  readonly beginning: (shown: string, whole: string) => string;
  /** The parts of a content that is shown in several. */
  readonly part: (number: string) => string;
  readonly nextPart: string;
  readonly previousPart: string;
  readonly binary: string;
  readonly kinds: Readonly<Record<'signature' | 'sbom' | 'attestation' | 'scan report' | 'other', string>>;
}

export const PARTS_WORDS: Words<PartsWords> = {
  en: {
    more: (count) => `and ${count} more, which are not shown`,
    path: 'Where you are',
    repositories: 'All repositories',
    views: 'Views of this image',
    image: 'Image',
    files: 'Files',
    compare: 'Compare',
    unreadable: 'This cannot be read',
    unreadableText: 'The registry has it, but it is not what an image should be. It is not shown.',
    beginning: (shown, whole) =>
      `This is the beginning, ${shown} of ${whole}. It was not checked against its digest.`,
    part: (number) => `Part ${number}`,
    nextPart: 'Next part',
    previousPart: 'Previous part',
    binary: 'This is not text. Its first bytes:',
    kinds: {
      signature: 'Signature',
      sbom: 'SBOM',
      attestation: 'Attestation',
      'scan report': 'Scan report',
      other: 'Artifact',
    },
  },
  ko: {
    more: (count) => `외 ${count}개는 표시하지 않습니다`,
    path: '현재 위치',
    repositories: '전체 저장소',
    views: '이미지 보기',
    image: '이미지',
    files: '파일',
    compare: '비교',
    unreadable: '읽을 수 없습니다',
    unreadableText: '레지스트리에 있지만 올바른 이미지 형식이 아니어서 표시하지 않습니다.',
    beginning: (shown, whole) =>
      `${whole} 중 앞부분 ${shown}만 표시합니다. 다이제스트와 대조하지 않은 내용입니다.`,
    part: (number) => `${number}번째 부분`,
    nextPart: '다음 부분',
    previousPart: '이전 부분',
    binary: '텍스트가 아닙니다. 앞부분 바이트:',
    kinds: {
      signature: '서명',
      sbom: 'SBOM',
      attestation: '증명',
      'scan report': '검사 보고서',
      other: '아티팩트',
    },
  },
};
