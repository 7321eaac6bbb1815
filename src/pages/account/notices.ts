import type { WishProblem } from '../../auth/tokens/own-tokens.ts';
import type { Words } from '../text/language.ts';

/** What was done by the form before this page. */
export type Done = 'browser' | 'browsers' | 'device' | 'devices' | 'token' | 'password' | 'weak' | 'gone';
/** Why a form did nothing. */
export type Refusal =
  | WishProblem
  | 'ungrantable'
  | 'rejected'
  | 'invalid'
  | 'repeat'
  | 'busy'
  | 'throttled'
  | 'unwritable';

interface NoticeWords {
  readonly done: Readonly<Record<Done, string>>;
  readonly refused: Readonly<Record<Refusal, string>>;
}

export const NOTICE_WORDS: Words<NoticeWords> = {
  en: {
    done: {
      browser: 'The browser is signed out.',
      browsers: 'The other browsers are signed out.',
      device: 'The device is signed out.',
      devices: 'All devices are signed out.',
      token: 'The token is revoked.',
      password: 'The password is changed. Other browsers and devices are signed out.',
      weak: 'The password is changed, but it is easy to guess. Use at least 8 characters, and not your name.',
      gone: 'It had ended already.',
    },
    refused: {
      name: 'The purpose must be one word of at most 64 letters, digits, dots, hyphens and underscores.',
      taken: 'There is a user, or a token of somebody else, with this name. Choose another purpose.',
      two: 'There are two tokens with this name. Revoke one of them first.',
      many: 'You have 20 tokens. Revoke one that is no longer used first.',
      pattern: 'A line is no repository or pattern, or none of them names a repository.',
      actions: 'Choose at least one of pull, push and delete.',
      days: 'Choose when it ends, within a year.',
      ungrantable: 'You can give only what you may do yourself, and you may not do this:',
      rejected: 'The old password is wrong.',
      invalid: 'The new password cannot be used: 1 to 72 bytes, in one line.',
      repeat: 'The two new passwords differ.',
      busy: 'Too many passwords are being checked. Try again in a moment.',
      throttled: 'Too many wrong passwords. Wait a moment, then try again with the right one.',
      unwritable: 'The gate could not write its files. Nothing was changed; its log says why.',
    },
  },
  ko: {
    done: {
      browser: '브라우저를 로그아웃했습니다.',
      browsers: '다른 브라우저를 모두 로그아웃했습니다.',
      device: '기기를 로그아웃했습니다.',
      devices: '모든 기기를 로그아웃했습니다.',
      token: '토큰을 폐기했습니다.',
      password: '비밀번호를 바꿨습니다. 다른 브라우저와 기기는 로그아웃되었습니다.',
      weak: '비밀번호를 바꿨지만 추측하기 쉽습니다. 8자 이상으로, 이름과 다르게 정하세요.',
      gone: '이미 끝난 항목입니다.',
    },
    refused: {
      name: '용도는 영문자, 숫자, 점, 하이픈, 밑줄로 된 64자 이하의 한 단어여야 합니다.',
      taken: '같은 이름의 사용자나 다른 사람의 토큰이 있습니다. 다른 용도를 적으세요.',
      two: '같은 이름의 토큰이 이미 두 개입니다. 먼저 하나를 폐기하세요.',
      many: '토큰이 20개입니다. 쓰지 않는 토큰을 먼저 폐기하세요.',
      pattern: '저장소나 패턴이 아닌 줄이 있거나, 저장소를 가리키는 줄이 없습니다.',
      actions: '풀, 푸시, 삭제 가운데 하나 이상 선택하세요.',
      days: '1년 안에서 유효 기간을 선택하세요.',
      ungrantable: '본인에게 있는 권한만 줄 수 있습니다. 다음 권한이 없습니다:',
      rejected: '현재 비밀번호가 틀렸습니다.',
      invalid: '쓸 수 없는 비밀번호입니다. 한 줄로 1~72바이트여야 합니다.',
      repeat: '새 비밀번호가 서로 다릅니다.',
      busy: '확인 중인 비밀번호가 너무 많습니다. 잠시 뒤에 다시 시도하세요.',
      throttled: '틀린 비밀번호가 너무 많습니다. 잠시 기다렸다가 올바른 비밀번호로 다시 시도하세요.',
      unwritable: '게이트가 파일을 쓰지 못했습니다. 변경된 것은 없으며, 이유는 로그에 있습니다.',
    },
  },
};
