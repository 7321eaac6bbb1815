import type { Words } from '../text/language.ts';

interface SignInWords {
  readonly title: string;
  readonly user: string;
  readonly password: string;
  readonly submit: string;
  readonly hint: string;
  readonly ended: string;
  readonly left: string;
  readonly missing: string;
  readonly rejected: string;
  readonly machine: string;
  readonly throttled: (seconds: number) => string;
  readonly busy: (seconds: number) => string;
  readonly failed: string;
  readonly already: (user: string) => string;
  readonly goOn: string;
  readonly other: string;
  readonly anonymous: string;
}

export const SIGN_IN_WORDS: Words<SignInWords> = {
  en: {
    title: 'Sign in',
    user: 'User name',
    password: 'Password',
    submit: 'Sign in',
    hint: 'They are the same as for docker login. If you have none, or forgot the password, ask whoever runs this registry: registry-gate users add NAME makes a user, users passwd NAME a new password.',
    ended: 'Your session has ended. Sign in again.',
    left: 'You are signed out.',
    missing: 'Enter both the user name and the password.',
    rejected: 'The user name or the password is wrong.',
    machine:
      'This is the token of a machine. It works for docker login, not for these pages: sign in as a user.',
    throttled: (seconds) =>
      `Too many wrong passwords. Nothing is checked for ${seconds} s: then sign in with the right one, or ask whoever runs this registry to unlock you.`,
    busy: (seconds) => `Too many passwords are being checked. Try again in ${seconds} s.`,
    failed: 'The password is right, but the gate could not store the session. Try again; its log says why.',
    already: (user) => `You are signed in as ${user}.`,
    goOn: 'Go on',
    other: 'To be somebody else, sign in below: this session ends then.',
    anonymous: 'Some repositories can be seen without signing in.',
  },
  ko: {
    title: '로그인',
    user: '사용자 이름',
    password: '비밀번호',
    submit: '로그인',
    hint: 'docker login과 같은 이름과 비밀번호입니다. 계정이 없거나 비밀번호를 잊었다면 레지스트리 관리자에게 문의하세요. registry-gate users add NAME은 사용자를 만들고, users passwd NAME은 비밀번호를 바꿉니다.',
    ended: '세션이 끝났습니다. 다시 로그인하세요.',
    left: '로그아웃했습니다.',
    missing: '사용자 이름과 비밀번호를 모두 입력하세요.',
    rejected: '사용자 이름 또는 비밀번호가 틀렸습니다.',
    machine:
      '기계용 토큰입니다. docker login에는 쓸 수 있지만 이 페이지에는 쓸 수 없습니다. 사용자로 로그인하세요.',
    throttled: (seconds) =>
      `틀린 비밀번호가 너무 많습니다. ${seconds}초 동안 확인하지 않습니다. 그 뒤에 올바른 비밀번호로 로그인하거나 관리자에게 잠금 해제를 요청하세요.`,
    busy: (seconds) => `확인 중인 비밀번호가 너무 많습니다. ${seconds}초 뒤에 다시 시도하세요.`,
    failed: '비밀번호는 맞지만 세션을 저장하지 못했습니다. 다시 시도하세요. 이유는 게이트의 로그에 있습니다.',
    already: (user) => `${user} 사용자로 로그인되어 있습니다.`,
    goOn: '계속',
    other: '다른 사용자로 쓰려면 아래에서 로그인하세요. 지금 세션은 끝납니다.',
    anonymous: '로그인하지 않아도 볼 수 있는 저장소가 있습니다.',
  },
};
