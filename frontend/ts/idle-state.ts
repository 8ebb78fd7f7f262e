// What idle.ts knows without a browser: when to tell the server, when to ask it, when to warn. Times in milliseconds.

export interface Session {
  state: 'awake' | 'locked' | 'out';
  left: number;
  account: number | null;
  csrf: string;
}

const TELL = 30_000;
const LONGEST_WARNING = 120_000;

/** The word of the warning and its number: seconds below two minutes, since "one minute" would be wrong for most of it. */
export function warningWord(left: number): [key: string, n: number] {
  if (left >= 120) return ['lock_minutes', Math.floor(left / 60)];
  return [left === 1 ? 'lock_second' : 'lock_seconds', left];
}

export class Watch {
  isLocked = false;
  private readonly limit: number;
  private lockAt: number;
  private lastDeed = 0;
  private lastTold: number;
  private lastAsked = 0;

  constructor(left: number, now: number) {
    this.limit = left;
    this.lockAt = now + left;
    this.lastTold = now;
  }

  deed(now: number): void {
    this.lastDeed = now;
  }

  /** Somebody did something since the server was last told. */
  mustTell(now: number): boolean {
    return this.lastDeed > this.lastTold && now - this.lastTold >= TELL;
  }

  /** The lock is near by what this page knows; another tab may have told the server more. */
  mustAsk(now: number): boolean {
    return now >= this.lockAt - this.warningTime() && now - this.lastAsked >= Math.min(TELL, this.warningTime() / 4);
  }

  /** Ask at the next chance. */
  askSoon(): void {
    this.lastAsked = 0;
    this.lockAt = 0;
  }

  /** What the server said; `told` when it was told of somebody in the same breath. */
  hear(session: Session, now: number, told: boolean): void {
    if (session.state === 'awake') this.isLocked = false;
    this.lockAt = now + session.left * 1000;
    this.lastAsked = now;
    if (told) this.lastTold = now;
  }

  /** Seconds to show in the warning, or undefined while it is too early. */
  warning(now: number): number | undefined {
    const left = this.lockAt - now;
    if (this.isLocked || left > this.warningTime()) return undefined;
    return Math.max(0, Math.round(left / 1000));
  }

  private warningTime(): number {
    return Math.min(LONGEST_WARNING, this.limit / 4);
  }
}
