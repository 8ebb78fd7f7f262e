// A rough measure of a new password, 0 to 4. The server decides; this only tells early.

const COMMON = /^(?:password|passw0rd|qwerty|asdf|zxcv|letmein|welcome|admin|maru|iloveyou|1q2w3e|abc)/i;

export function strength(password: string): 0 | 1 | 2 | 3 | 4 {
  const signs = [...password];
  if (signs.length < 6) return 0;
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter(kind => kind.test(password)).length;
  const variety = new Set(signs).size / signs.length;
  let bits = signs.length * (2 + kinds) * (0.4 + 0.6 * variety);
  if (COMMON.test(password) || /(?:0123|1234|abcd)/i.test(password)) bits *= 0.5;
  if (bits < 22) return 0;
  if (bits < 32) return 1;
  if (bits < 44) return 2;
  return bits < 60 ? 3 : 4;
}
