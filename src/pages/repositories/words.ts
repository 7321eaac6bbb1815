import type { Words } from '../text/language.ts';

export const REPOSITORIES_WORDS: Words<{ readonly title: string; readonly none: string }> = {
  en: { title: 'Repositories', none: 'There is no repository that you may see yet.' },
  ko: { title: '저장소', none: '아직 볼 수 있는 저장소가 없습니다.' },
};
