import { renderWeakness, type Weakness } from '../../auth/passwords/weakness.ts';
import { renderMiss, type Miss } from '../../auth/policy/miss.ts';
import { renderRight, type Right } from '../../auth/policy/right.ts';
import type { Action } from '../../oci/request/parse.ts';
import type { Words } from './language.ts';

/** What allows an action, in the words of each language. The place of a rule is the same in all. */
export const RIGHT_WORDS: Words<(right: Right) => string> = {
  en: renderRight,
  ko: (right) => {
    switch (right.kind) {
      case 'rule':
        return right.where;
      case 'every':
        return right.who === 'user' ? '모든 사용자' : '모든 토큰';
      case 'scope':
        return `token:${right.token}의 범위`;
    }
  },
};

const KOREAN: Readonly<Record<Action, string>> = { pull: '풀', push: '푸시', delete: '삭제' };

/** Why a rule does not allow an action, beside the place of the rule. */
export const MISS_WORDS: Words<(miss: Miss) => string> = {
  en: renderMiss,
  ko: (miss) => {
    switch (miss.kind) {
      case 'excluded':
        return `!${miss.pattern}(으)로 제외됨`;
      case 'actions':
        return `${miss.allow.map((action) => KOREAN[action]).join(', ')}만 허용`;
      case 'networks':
        return `${miss.networks.join(', ')}에서 접속할 때만 적용`;
    }
  },
};

/** Why the hash of a password should be replaced. */
export const WEAKNESS_WORDS: Words<(weakness: Weakness) => string> = {
  en: renderWeakness,
  ko: (weakness) => {
    switch (weakness.kind) {
      case 'cost':
        return `bcrypt 비용 ${weakness.cost}(권장 ${weakness.expected})`;
      case 'unsalted':
        return '솔트와 반복이 없는 SHA-1';
      case 'no-rounds':
        return '반복이 없는 SHA-1';
      case 'md5':
        return 'MD5';
    }
  },
};
