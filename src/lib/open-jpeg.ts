// Opens a JPEG for work on its pixels with sharp, which is loaded when the first picture needs it.
import type { Sharp } from 'sharp';

/** sharp cannot be aborted from outside; no picture within our limits takes as long on any host. */
const timeoutS = 30;

/**
 * A JPEG to be scaled, turned or read. What is asked of it rejects with sharp's own error when the picture is cut off or
 * cannot be decoded.
 */
export async function openJpeg(jpeg: Uint8Array): Promise<Sharp> {
  const { default: sharp } = await import('sharp');
  // One picture each few seconds: a cache and more threads would cost memory and win nothing.
  sharp.cache(false);
  sharp.concurrency(1);
  // Slightly damaged pictures are usual with webcams and shown by every browser; only cut-off ones are refused.
  return sharp(jpeg, { failOn: 'truncated' }).timeout({ seconds: timeoutS });
}
