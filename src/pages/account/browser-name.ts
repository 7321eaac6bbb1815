/** Words of `User-Agent` by which a browser is told; the first one counts, since most name others too. */
const BROWSERS = [
  [/\bEdg(?:e|A|iOS)?\/(\d+)/, 'Edge'],
  [/\bOPR\/(\d+)/, 'Opera'],
  [/\b(?:Firefox|FxiOS)\/(\d+)/, 'Firefox'],
  [/\b(?:Chrome|Chromium|CriOS|HeadlessChrome)\/(\d+)/, 'Chrome'],
  [/\bVersion\/(\d+)[.\d]* (?:Mobile\/\w+ )?Safari\//, 'Safari'],
] as const;
const SYSTEMS = [
  [/\bAndroid\b/, 'Android'],
  [/\b(?:iPhone|iPad)\b/, 'iOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
] as const;

/** Returns what people call a browser, `Firefox 140 · Linux`, or its `User-Agent` as it is where that says neither. */
export function browserName(agent: string): string {
  const found = BROWSERS.find(([form]) => form.test(agent));
  const system = SYSTEMS.find(([form]) => form.test(agent))?.[1];
  if (found === undefined) return agent;
  const [form, name] = found;
  const version = form.exec(agent)?.[1] ?? '';
  return [`${name} ${version}`, system].filter((word) => word !== undefined).join(' · ');
}
