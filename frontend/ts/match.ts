// How well a typed text fits a label: word starts first, then anywhere, then letters in order.

export function score(query: string, label: string): number {
  const wanted = query.trim().toLocaleLowerCase();
  const text = label.toLocaleLowerCase();
  if (!wanted) return 1;
  if (text.startsWith(wanted)) return 4;
  if (text.split(/[\s·/()-]+/).some(word => word.startsWith(wanted))) return 3;
  if (text.includes(wanted)) return 2;
  let at = -1;
  for (const sign of wanted) {
    at = text.indexOf(sign, at + 1);
    if (at < 0) return 0;
  }
  return wanted.length > 1 ? 1 : 0;
}
