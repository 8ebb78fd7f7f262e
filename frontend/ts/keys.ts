/**
 * The letter a key stands for. With a Korean or Japanese input method on, J arrives as 'ㅓ': then the physical key
 * decides. Latin layouts keep their own letters.
 */
export function letter(event: Pick<KeyboardEvent, 'key' | 'code'>): string {
  if (/^[a-z]$/i.test(event.key)) return event.key.toLowerCase();
  if (/^Key[A-Z]$/.test(event.code)) return event.code.slice(3).toLowerCase();
  return event.key;
}

/** Whether this key press still belongs to an input method that is composing a syllable. */
export function composing(event: Pick<KeyboardEvent, 'isComposing' | 'keyCode'>): boolean {
  return event.isComposing || event.keyCode === 229;
}
