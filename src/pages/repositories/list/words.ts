import type { Words } from '../../text/language.ts';

interface ListWords {
  readonly title: string;
  readonly all: string;
  readonly where: string;
  readonly name: string;
  readonly tags: string;
  readonly size: string;
  readonly pushed: string;
  readonly by: string;
  readonly count: (count: number, shown: string) => string;
  readonly found: (count: number, shown: string, search: string) => string;
  readonly inFolder: (count: number, shown: string) => string;
  readonly clear: string;
  readonly atLeast: (size: string) => string;
  readonly emptyTitle: string;
  readonly emptyText: string;
  readonly emptyRights: string;
  readonly emptyStranger: string;
  readonly signIn: string;
  readonly connect: string;
  readonly noneTitle: string;
  readonly noneFound: (search: string) => string;
  readonly noneInFolder: string;
  readonly buildingTitle: string;
  readonly building: string;
  readonly failing: string;
  readonly absent: string;
  readonly failingTitle: string;
  readonly reload: string;
  readonly moreFolders: string;
}

export const LIST_WORDS: Words<ListWords> = {
  en: {
    title: 'Repositories',
    all: 'All repositories',
    where: 'Folder',
    name: 'Name',
    tags: 'Tags',
    size: 'Size',
    pushed: 'Last push',
    by: 'Pushed by',
    count: (count, shown) => (count === 1 ? '1 repository' : `${shown} repositories`),
    found: (count, shown, search) =>
      count === 1 ? `1 repository matches “${search}”` : `${shown} repositories match “${search}”`,
    inFolder: (count, shown) => (count === 1 ? '1 repository' : `${shown} repositories`),
    clear: 'Clear search',
    atLeast: (size) => `at least ${size}`,
    emptyTitle: 'No repositories yet',
    emptyText: 'A repository appears with its first push. From a machine with docker:',
    emptyRights:
      'If you expected to find some here, ask an owner of this registry for the right to pull them.',
    emptyStranger: 'Without signing in there is nothing to see here.',
    signIn: 'Sign in',
    connect: 'Other clients',
    noneTitle: 'Nothing found',
    noneFound: (search) => `You can see no repository whose name holds “${search}”.`,
    noneInFolder: 'There is no repository in this folder.',
    buildingTitle: 'Reading the registry',
    building:
      'The gate is still reading the registry for the first time. Repositories, sizes and counts may be missing until that is done.',
    failing:
      'The registry does not answer at the moment. This is what was known of it last; pulls and pushes may fail.',
    absent:
      'The gate has no inventory of the registry yet. It makes one now; if this stays so, its log says why.',
    failingTitle: 'The registry does not answer',
    reload: 'Reload',
    moreFolders: 'Not all folders are shown. Search for a name to find the others.',
  },
  ko: {
    title: '저장소',
    all: '전체 저장소',
    where: '폴더',
    name: '이름',
    tags: '태그',
    size: '크기',
    pushed: '마지막 푸시',
    by: '푸시한 사용자',
    count: (_count, shown) => `저장소 ${shown}개`,
    found: (_count, shown, search) => `“${search}” 검색 결과 ${shown}개`,
    inFolder: (_count, shown) => `저장소 ${shown}개`,
    clear: '검색 지우기',
    atLeast: (size) => `${size} 이상`,
    emptyTitle: '아직 저장소가 없습니다',
    emptyText: '첫 이미지를 푸시하면 저장소가 만들어집니다. docker를 쓰는 기기에서 실행하세요.',
    emptyRights: '있어야 할 저장소가 보이지 않으면 레지스트리 소유자에게 풀 권한을 요청하세요.',
    emptyStranger: '로그인하지 않으면 볼 수 있는 저장소가 없습니다.',
    signIn: '로그인',
    connect: '다른 클라이언트',
    noneTitle: '검색 결과가 없습니다',
    noneFound: (search) => `“${search}”에 해당하는 저장소 중 볼 수 있는 것이 없습니다.`,
    noneInFolder: '이 폴더에는 저장소가 없습니다.',
    buildingTitle: '레지스트리를 읽는 중',
    building:
      '게이트가 레지스트리를 처음으로 읽는 중입니다. 끝날 때까지 저장소, 크기, 개수가 일부 빠져 있을 수 있습니다.',
    failing:
      '지금 레지스트리가 응답하지 않습니다. 마지막으로 알려진 내용을 표시하며, 풀과 푸시가 실패할 수 있습니다.',
    absent:
      '아직 레지스트리 목록이 없어 게이트가 만드는 중입니다. 계속 이 상태라면 로그에서 이유를 확인하세요.',
    failingTitle: '레지스트리가 응답하지 않습니다',
    reload: '새로 고침',
    moreFolders: '일부 폴더만 표시했습니다. 나머지는 이름으로 검색하세요.',
  },
};
