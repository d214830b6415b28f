// Messages on a Unix socket of Klipper or Moonraker: UTF-8 text, each ended by one byte 0x03.

const etx = 0x03;

/** Text as it goes over the socket. */
export function etxFrame(text: string): Buffer {
  return Buffer.from(`${text}\u0003`);
}

/**
 * Collects bytes and hands out whole messages, whatever the chunks.
 * @param maxBytes of one message; `onTooLarge` is called once when there are more
 */
export function createEtxReader(
  onMessage: (text: string) => void,
  maxBytes: number,
  onTooLarge: () => void,
): (chunk: Buffer) => void {
  let parts: Buffer[] = [];
  let size = 0;
  let isDead = false;
  return (chunk) => {
    if (isDead) return;
    let start = 0;
    for (let end = chunk.indexOf(etx); end >= 0; end = chunk.indexOf(etx, start)) {
      parts.push(chunk.subarray(start, end));
      const text = Buffer.concat(parts).toString('utf8');
      parts = [];
      size = 0;
      start = end + 1;
      onMessage(text);
    }
    const rest = chunk.subarray(start);
    size += rest.length;
    if (size > maxBytes) {
      isDead = true;
      parts = [];
      return onTooLarge();
    }
    if (rest.length > 0) parts.push(rest);
  };
}
