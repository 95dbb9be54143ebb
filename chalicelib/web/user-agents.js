/** The programs of callers in short words. The client chooses its user agent freely, so the words are only a hint. */

const LONGEST = 32;
/** @type {[RegExp, string][]} */
const BROWSERS = [[/\bEdgA?\//, 'Edge'], [/\bOPR\//, 'Opera'], [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/(Chrome|CriOS)\//, 'Chrome'], [/\bSafari\//, 'Safari']];
/** @type {[RegExp, string][]} */
const SYSTEMS = [[/\biPhone\b/, 'iPhone'], [/\biPad\b/, 'iPad'], [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'], [/\bMac OS X\b|\bMacintosh\b/, 'macOS'], [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux']];
// Characters that are not seen, and those that turn the direction of their neighbours.
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** Returns a user agent in short words: "Firefox on macOS", "curl". It is never longer than a few words. */
export function programOf(userAgent) {
  const text = (userAgent ?? '').replace(UNSEEN, '').trim();
  if (!/^Mozilla\//.test(text)) return cut(text.split(/[/(;]/)[0].trim() || text);
  const find = (list) => list.find(([pattern]) => pattern.test(text))?.[1];
  const [browser, system] = [find(BROWSERS), find(SYSTEMS)];
  return browser ? browser + (system ? ` on ${system}` : '') : 'A browser';
}

const cut = (text) => ([...text].length > LONGEST ? `${[...text].slice(0, LONGEST - 1).join('')}…` : text);
