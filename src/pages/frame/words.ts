import type { Words } from '../text/language.ts';
import type { PageProblem } from '../request/page-error.ts';

interface FrameWords {
  readonly toContent: string;
  readonly repositories: string;
  readonly space: string;
  readonly activity: string;
  readonly users: string;
  readonly health: string;
  readonly connect: string;
  readonly account: string;
  readonly signIn: string;
  readonly signOut: string;
  readonly search: string;
  readonly searchHint: string;
  readonly navigation: string;
  readonly language: string;
  readonly theme: string;
  readonly themes: Readonly<Record<'auto' | 'light' | 'dark', string>>;
  readonly apply: string;
  readonly problems: Readonly<Record<PageProblem, { readonly title: string; readonly text: string }>>;
  readonly toStart: string;
  /** Of the page that stands for an instant between a link elsewhere and a page. */
  readonly opening: string;
}

export const FRAME_WORDS: Words<FrameWords> = {
  en: {
    toContent: 'Skip to content',
    repositories: 'Repositories',
    space: 'Space',
    activity: 'Activity',
    users: 'Users and rights',
    health: 'Health',
    connect: 'Connect a machine',
    account: 'My account',
    signIn: 'Sign in',
    signOut: 'Sign out',
    search: 'Search repositories',
    searchHint: 'Press / to search',
    navigation: 'Main',
    language: 'Language',
    theme: 'Appearance',
    themes: { auto: 'As the system', light: 'Light', dark: 'Dark' },
    apply: 'Apply',
    problems: {
      'not-found': {
        title: 'Not found',
        text: 'There is nothing here, or you may not see it. Check the address, or ask an owner of this registry for the right.',
      },
      forbidden: {
        title: 'Not allowed',
        text: 'You may see this, but not do that. An owner of this registry can allow it.',
      },
      'stale-form': {
        title: 'This form is out of date',
        text: 'You signed out or in since the page was loaded. Nothing was changed. Go back, reload the page and try again.',
      },
      'foreign-form': {
        title: 'This form comes from elsewhere',
        text: 'A page of another site, or a browser that does not say where a form comes from, sent it. Nothing was changed.',
      },
      'registry-failed': {
        title: 'The registry does not answer',
        text: 'The gate works, but the registry behind it does not. Try again in a moment.',
      },
      'bad-input': { title: 'That does not work', text: 'A field holds something that cannot be used.' },
      busy: {
        title: 'Too much at once',
        text: 'The gate is making many pages now, some of them perhaps for your other tabs. Try again in a moment.',
      },
      'too-large': {
        title: 'Too large for a page',
        text: 'What is stored here would make a page of more than 2 MB. Read it with a command: registry-gate images inspect.',
      },
    },
    toStart: 'To the repositories',
    opening: 'Opening the page',
  },
  ko: {
    toContent: '본문으로 건너뛰기',
    repositories: '저장소',
    space: '용량',
    activity: '활동',
    users: '사용자와 권한',
    health: '상태',
    connect: '기기 연결',
    account: '내 계정',
    signIn: '로그인',
    signOut: '로그아웃',
    search: '저장소 검색',
    searchHint: '/ 키로 검색',
    navigation: '주 메뉴',
    language: '언어',
    theme: '화면 모드',
    themes: { auto: '시스템 설정', light: '밝게', dark: '어둡게' },
    apply: '적용',
    problems: {
      'not-found': {
        title: '찾을 수 없습니다',
        text: '여기에는 아무것도 없거나 볼 권한이 없습니다. 주소를 확인하거나 레지스트리 소유자에게 권한을 요청하세요.',
      },
      forbidden: {
        title: '허용되지 않습니다',
        text: '볼 수는 있지만 이 작업을 할 권한이 없습니다. 레지스트리 소유자가 허용할 수 있습니다.',
      },
      'stale-form': {
        title: '오래된 양식입니다',
        text: '페이지를 연 뒤에 로그인 상태가 바뀌었습니다. 변경된 것은 없습니다. 뒤로 돌아가 새로 고친 다음 다시 시도하세요.',
      },
      'foreign-form': {
        title: '다른 곳에서 보낸 양식입니다',
        text: '다른 사이트의 페이지, 또는 양식의 출처를 알리지 않는 브라우저가 보낸 요청입니다. 변경된 것은 없습니다.',
      },
      'registry-failed': {
        title: '레지스트리가 응답하지 않습니다',
        text: '게이트는 동작하지만 뒤에 있는 레지스트리가 응답하지 않습니다. 잠시 후 다시 시도하세요.',
      },
      'bad-input': { title: '처리할 수 없습니다', text: '사용할 수 없는 값이 있습니다.' },
      busy: {
        title: '요청이 너무 많습니다',
        text: '지금 만들고 있는 페이지가 많습니다. 다른 탭에서 연 페이지일 수도 있습니다. 잠시 후 다시 시도하세요.',
      },
      'too-large': {
        title: '페이지로 보기에는 너무 큽니다',
        text: '여기에 저장된 내용으로 페이지를 만들면 2 MB를 넘습니다. 명령으로 확인하세요: registry-gate images inspect',
      },
    },
    toStart: '저장소 목록으로',
    opening: '페이지를 여는 중',
  },
};
