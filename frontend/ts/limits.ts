// Limits of attachments, checked before anything is sent; the server checks again.

export interface Limits {
  maxFiles: number;
  maxBytes: number;
  accept: string[];
}

export interface Chosen {
  name: string;
  size: number;
  type: string;
}

export type Problem = 'file_too_many' | 'file_too_big' | 'file_type' | 'file_empty';

/** `accept` as in HTML: ".pdf", "image/*" or "text/plain"; empty takes everything. */
export function accepts(file: Chosen, accept: string[]): boolean {
  if (accept.length === 0) return true;
  const name = file.name.toLowerCase();
  return accept.some(rule => {
    if (rule.startsWith('.')) return name.endsWith(rule);
    if (rule.endsWith('/*')) return file.type.startsWith(rule.slice(0, -1));
    return file.type === rule;
  });
}

/** What is wrong with one more file, if anything. */
export function problemWith(file: Chosen, already: number, limits: Limits): Problem | undefined {
  if (already >= limits.maxFiles) return 'file_too_many';
  if (!accepts(file, limits.accept)) return 'file_type';
  if (file.size > limits.maxBytes) return 'file_too_big';
  if (file.size === 0) return 'file_empty';
  return undefined;
}

export function sizeText(bytes: number): string {
  const mega = bytes / 1048576;
  if (mega >= 1) return `${mega >= 10 ? Math.round(mega) : mega.toFixed(1)} MB`;
  return `${Math.max(1, Math.round(bytes / 1024))} KB`;
}
