import { sha256 } from './sha256.ts';

// Proof of work as the altcha library checks it (version 1): find n with SHA-256(salt + n) = challenge.

export interface Challenge {
  algorithm: string;
  challenge: string;
  salt: string;
  signature: string;
  maxnumber?: number;
  maxNumber?: number;
}

export const most = (challenge: Challenge): number => challenge.maxnumber ?? challenge.maxNumber ?? 1_000_000;

/** The number between `from` and `to` that solves the challenge, or undefined. */
export function solveRange(challenge: Challenge, from: number, to: number): number | undefined {
  for (let n = from; n <= to; n++) if (sha256(challenge.salt + n) === challenge.challenge) return n;
  return undefined;
}

/** What the form sends: base64 of the JSON the server verifies. */
export function payload(challenge: Challenge, number: number, took: number): string {
  const { algorithm, challenge: hash, salt, signature } = challenge;
  return btoa(JSON.stringify({ algorithm, challenge: hash, number, salt, signature, took }));
}
