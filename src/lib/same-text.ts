// Compares secrets.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const salt = randomBytes(16);

/** Compares in a time that does not tell how much of it is right. */
export function isSameText(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => createHmac('sha256', salt).update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}
