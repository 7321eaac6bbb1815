import type { Words } from '../../text/language.ts';

interface FilesWords {
  readonly title: string;
  readonly where: string;
  readonly root: string;
  readonly name: string;
  readonly mode: string;
  readonly owner: string;
  readonly size: string;
  readonly modified: string;
  readonly layer: string;
  readonly layerName: (number: number) => string;
  readonly link: string;
  readonly showHidden: string;
  readonly hideHidden: string;
  readonly hiddenBy: Readonly<Record<'removed' | 'replaced', (layer: number) => string>>;
  readonly empty: string;
  readonly page: (from: string, to: string, total: string) => string;
  readonly previous: string;
  readonly next: string;
  readonly content: string;
  readonly reading: string;
  readonly readingText: (read: string, total: string) => string;
  readonly again: string;
  readonly busy: string;
  readonly busyText: string;
  readonly missing: string;
  readonly missingText: string;
  readonly noBytes: string;
  readonly tooLarge: string;
  readonly tooLargeText: (layer: number, size: string, most: string) => string;
  readonly off: string;
  readonly offText: string;
  readonly noFiles: string;
  readonly noFilesText: string;
  readonly unreadable: string;
  readonly toRoot: string;
}

export const FILES_WORDS: Words<FilesWords> = {
  en: {
    title: 'Files',
    where: 'Directory',
    root: 'root',
    name: 'Name',
    mode: 'Mode',
    owner: 'Owner',
    size: 'Size',
    modified: 'Modified',
    layer: 'Layer',
    layerName: (number) => `Layer ${number}`,
    link: 'Leads to',
    showHidden: 'Show what later layers hid',
    hideHidden: 'Show the files of the image alone',
    hiddenBy: {
      removed: (layer) => `removed by layer ${layer}`,
      replaced: (layer) => `replaced by layer ${layer}`,
    },
    empty: 'The directory is empty.',
    page: (from, to, total) => `${from} to ${to} of ${total}`,
    previous: 'Previous',
    next: 'Next',
    content: 'Content',
    reading: 'The layers are being read',
    readingText: (read, total) => `${read} of ${total}. This page comes back by itself.`,
    again: 'Look again',
    busy: 'Many look into layers just now',
    busyText: 'Try again in a moment.',
    missing: 'There is no such file in the image',
    missingText: 'It may be in another platform, or a later layer may have removed it.',
    noBytes: 'This is a device, a pipe or a broken link: it has no content.',
    tooLarge: 'A layer is too large to look into',
    tooLargeText: (layer, size, most) =>
      `Layer ${layer} has ${size} as it is stored, and the pages look into layers up to ${most}. On a terminal: registry-gate images files`,
    off: 'The pages do not look into layers here',
    offText: 'This gate was told not to. On a terminal: registry-gate images files',
    noFiles: 'This has no files',
    noFilesText: 'It is no container image.',
    unreadable: 'A layer cannot be read',
    toRoot: 'To the root directory',
  },
  ko: {
    title: '파일',
    where: '디렉터리',
    root: '루트',
    name: '이름',
    mode: '권한',
    owner: '소유자',
    size: '크기',
    modified: '수정 시각',
    layer: '레이어',
    layerName: (number) => `레이어 ${number}`,
    link: '링크 대상',
    showHidden: '위 레이어에 가려진 파일도 보기',
    hideHidden: '이미지에 남은 파일만 보기',
    hiddenBy: {
      removed: (layer) => `레이어 ${layer}에서 삭제됨`,
      replaced: (layer) => `레이어 ${layer}에서 교체됨`,
    },
    empty: '빈 디렉터리입니다.',
    page: (from, to, total) => `${total}개 중 ${from}–${to}`,
    previous: '이전',
    next: '다음',
    content: '내용',
    reading: '레이어를 읽고 있습니다',
    readingText: (read, total) => `${total} 중 ${read}. 잠시 후 자동으로 새로 고칩니다.`,
    again: '다시 보기',
    busy: '지금은 레이어를 보는 사람이 많습니다',
    busyText: '잠시 후 다시 시도하세요.',
    missing: '이미지에 그런 파일이 없습니다',
    missingText: '다른 플랫폼에 있거나, 위 레이어에서 삭제되었을 수 있습니다.',
    noBytes: '장치, 파이프 또는 끊어진 링크라서 내용이 없습니다.',
    tooLarge: '레이어가 너무 커서 볼 수 없습니다',
    tooLargeText: (layer, size, most) =>
      `레이어 ${layer}의 저장 크기는 ${size}이며, 웹 페이지에서는 ${most}까지만 볼 수 있습니다. 터미널에서: registry-gate images files`,
    off: '여기서는 레이어 안을 볼 수 없습니다',
    offText: '이 게이트에서 꺼져 있습니다. 터미널에서: registry-gate images files',
    noFiles: '파일이 없습니다',
    noFilesText: '컨테이너 이미지가 아닙니다.',
    unreadable: '레이어를 읽을 수 없습니다',
    toRoot: '루트 디렉터리로',
  },
};
