import type { Words } from '../text/language.ts';

interface AccountWords {
  readonly title: string;
  readonly browsers: string;
  readonly browsersText: string;
  readonly thisBrowser: string;
  readonly devices: string;
  readonly devicesText: string;
  readonly noDevices: string;
  readonly tokens: string;
  readonly tokensText: string;
  readonly noTokens: string;
  readonly password: string;
  readonly passwordText: string;
  readonly notWritable: string;
  readonly what: string;
  readonly from: string;
  readonly used: string;
  readonly never: string;
  readonly began: string;
  readonly name: string;
  readonly rights: string;
  readonly ends: string;
  readonly unknown: string;
  readonly end: string;
  readonly revoke: string;
  readonly endOthers: string;
  readonly everywhere: string;
  readonly revokeAll: string;
  readonly make: string;
  readonly purpose: string;
  readonly purposeHint: (user: string) => string;
  readonly repositories: string;
  readonly repositoriesHint: string;
  readonly allow: string;
  readonly actions: Readonly<Record<'pull' | 'push' | 'delete', string>>;
  readonly lifetime: string;
  readonly days: (days: number) => string;
  readonly submit: string;
  readonly made: (name: string) => string;
  readonly once: string;
  readonly signInBy: string;
  readonly back: string;
  readonly old: string;
  readonly next: string;
  readonly repeat: string;
  readonly change: string;
}

export const ACCOUNT_WORDS: Words<AccountWords> = {
  en: {
    title: 'My account',
    browsers: 'Browsers',
    browsersText:
      'They are signed in to these pages. A session ends after 12 hours without use, and after 14 days.',
    thisBrowser: 'this browser',
    devices: 'Devices',
    devicesText:
      'Docker and other clients that signed in and keep a token instead of the password. One that is not used for 90 days ends.',
    noDevices: 'No client keeps a token of yours.',
    tokens: 'Tokens for machines',
    tokensText:
      'For a CI job or a server, instead of your password. A token can do what you choose, and never more than you may do yourself. It ends with your account.',
    noTokens: 'You have made no token.',
    password: 'Password',
    passwordText:
      'With a new password all other browsers and devices of yours are signed out. Tokens for machines stay.',
    notWritable:
      'The gate may not write the file of the users here. Whoever runs it can change your password: registry-gate users passwd NAME.',
    what: 'What',
    from: 'From',
    used: 'Last used',
    never: 'never',
    began: 'Signed in',
    name: 'Name',
    rights: 'Rights',
    ends: 'Ends',
    unknown: 'unknown',
    end: 'Sign out',
    revoke: 'Revoke',
    endOthers: 'Sign out the other browsers',
    everywhere: 'Sign out everywhere',
    revokeAll: 'Revoke all devices',
    make: 'Make a token',
    purpose: 'What for',
    purposeHint: (user) => `One word, like ci: the token signs in as ${user}-ci.`,
    repositories: 'Repositories',
    repositoriesHint:
      'One in each line: team/app; team/* for one level, team/** for all below; !team/secret/** for all but these.',
    allow: 'It may',
    actions: { pull: 'pull', push: 'push', delete: 'delete' },
    lifetime: 'It ends in',
    days: (days) => `${days} days`,
    submit: 'Make the token',
    made: (name) => `The token of ${name} is made`,
    once: 'This is shown once. Copy it now to where it is needed.',
    signInBy: 'Sign in with it:',
    back: 'Back to my account',
    old: 'Old password',
    next: 'New password',
    repeat: 'New password again',
    change: 'Change the password',
  },
  ko: {
    title: '내 계정',
    browsers: '브라우저',
    browsersText:
      '이 페이지에 로그인한 브라우저입니다. 12시간 동안 쓰지 않거나 14일이 지나면 세션이 끝납니다.',
    thisBrowser: '이 브라우저',
    devices: '기기',
    devicesText:
      '로그인한 뒤 비밀번호 대신 토큰을 보관하는 Docker 등의 클라이언트입니다. 90일 동안 쓰지 않으면 끝납니다.',
    noDevices: '토큰을 보관하는 클라이언트가 없습니다.',
    tokens: '기계용 토큰',
    tokensText:
      'CI 작업이나 서버에서 비밀번호 대신 씁니다. 선택한 일만 할 수 있고, 본인이 할 수 없는 일은 할 수 없습니다. 계정이 없어지면 함께 끝납니다.',
    noTokens: '만든 토큰이 없습니다.',
    password: '비밀번호',
    passwordText: '비밀번호를 바꾸면 다른 브라우저와 기기는 모두 로그아웃됩니다. 기계용 토큰은 그대로입니다.',
    notWritable:
      '게이트가 사용자 파일을 쓸 수 없습니다. 관리자가 비밀번호를 바꿀 수 있습니다: registry-gate users passwd NAME',
    what: '종류',
    from: '주소',
    used: '마지막 사용',
    never: '없음',
    began: '로그인',
    name: '이름',
    rights: '권한',
    ends: '만료',
    unknown: '알 수 없음',
    end: '로그아웃',
    revoke: '폐기',
    endOthers: '다른 브라우저 모두 로그아웃',
    everywhere: '모든 곳에서 로그아웃',
    revokeAll: '모든 기기 로그아웃',
    make: '토큰 만들기',
    purpose: '용도',
    purposeHint: (user) => `ci처럼 한 단어로 적습니다. 토큰은 ${user}-ci 이름으로 로그인합니다.`,
    repositories: '저장소',
    repositoriesHint:
      '한 줄에 하나씩 적습니다. team/app, 한 단계는 team/*, 아래 전체는 team/**, 제외할 것은 !team/secret/**',
    allow: '허용',
    actions: { pull: '풀', push: '푸시', delete: '삭제' },
    lifetime: '유효 기간',
    days: (days) => `${days}일`,
    submit: '토큰 만들기',
    made: (name) => `${name} 토큰을 만들었습니다`,
    once: '한 번만 표시됩니다. 지금 필요한 곳에 복사하세요.',
    signInBy: '이 토큰으로 로그인:',
    back: '내 계정으로',
    old: '현재 비밀번호',
    next: '새 비밀번호',
    repeat: '새 비밀번호 확인',
    change: '비밀번호 변경',
  },
};
