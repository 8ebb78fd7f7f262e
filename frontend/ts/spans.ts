import { t } from './core.ts';

// Lengths of time in words; the same rules as maru.ui.atoms.span_text and maru.ui.times.ago_text.

type Words = (key: string, args: Record<string, string | number>) => string;

/** 18m, 2h 10m, 3d 4h; the sign is ignored. */
export function spanText(minutes: number, words: Words = t): string {
  const size = Math.abs(minutes);
  if (size >= 1440) return words('d_h', { d: Math.floor(size / 1440), h: Math.floor((size % 1440) / 60) });
  if (size >= 60) return words('h_m', { h: Math.floor(size / 60), m: size % 60 });
  return words('m', { m: size });
}

/** How long ago, or undefined past a week: then the date the server wrote stays. */
export function agoText(minutes: number, words: Words = t): string | undefined {
  if (minutes < 1) return words('now', {});
  if (minutes < 60) return words('m_ago', { n: minutes });
  if (minutes < 1440) return words('h_ago', { n: Math.floor(minutes / 60) });
  if (minutes < 10080) return words('d_ago', { n: Math.floor(minutes / 1440) });
  return undefined;
}
