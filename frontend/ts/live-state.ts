// What live.ts knows without a browser: the newest number, what was seen lately, and which kinds somebody asked for.

export interface LiveEvent {
  id?: number;
  kind: string;
  [key: string]: unknown;
}

/** "ticket.*" covers "ticket.changed"; "*" covers all; several patterns are separated by spaces. */
export function covers(patterns: string, kind: string): boolean {
  return patterns.split(/\s+/).some(pattern => {
    if (pattern === '*' || pattern === kind) return pattern !== '';
    return pattern.endsWith('.*') && (kind === pattern.slice(0, -2) || kind.startsWith(pattern.slice(0, -1)));
  });
}

/**
 * Keeps the newest event number and the last events, so that nothing is told twice and latecomers catch up.
 * Several events may carry one number (what happened, and the note about it): those differ in kind.
 */
export class Tape {
  last: number;
  private kinds: Set<string> | undefined;
  private kept: LiveEvent[] = [];
  private readonly room: number;

  constructor(last: number, room = 300) {
    this.last = last;
    this.room = room;
  }

  /** False when the event was here before. Events without a number (presence) always pass. */
  take(event: LiveEvent): boolean {
    if (event.id === undefined) return true;
    if (event.id < this.last) return false;
    if (event.id === this.last && (!this.kinds || this.kinds.has(event.kind))) return false;
    if (event.id > this.last) this.kinds = new Set();
    this.kinds!.add(event.kind);
    this.last = event.id;
    this.kept.push(event);
    if (this.kept.length > this.room) this.kept.shift();
    return true;
  }

  /** The server could not tell what was missed: begin anew at its number, which may even be lower. */
  restart(number: number): void {
    this.last = number;
    this.kinds = undefined;
    this.kept = [];
  }

  /** Events after a number, or undefined when they no longer are all here. */
  since(number: number): LiveEvent[] | undefined {
    if (number >= this.last) return [];
    const first = this.kept[0]?.id;
    if (first === undefined || first > number + 1) return undefined;
    return this.kept.filter(event => event.id! > number);
  }
}
