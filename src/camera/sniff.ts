// Names what a body is when it is no JPEG, so that the user is told what the address really answers.

/** What was seen and what to do about it. */
export interface Sniffed {
  /** Fits after "the camera sent": `a web page`. */
  readonly what: string;
  /** One sentence that a user can act on. */
  readonly hint: string;
}

const useSnapshot =
  'enter the address of single pictures, often one that ends in ?action=snapshot or /snapshot';
const sendJpeg = 'Set the camera server to send JPEG pictures.';
const isVideo = `The address answers a video: ${useSnapshot}.`;

/** Longest start of a body that is looked at, in bytes. */
const lookBytes = 512;

const table: readonly { readonly starts: RegExp; readonly sniffed: Sniffed }[] = [
  {
    starts: /^<(?:!doctype html|html|head|body|!--)/i,
    sniffed: { what: 'a web page', hint: `The address answers a web page: ${useSnapshot}.` },
  },
  {
    starts: /^</,
    sniffed: { what: 'an XML text', hint: `The address answers an XML text: ${useSnapshot}.` },
  },
  { starts: /^\x89PNG/, sniffed: { what: 'a PNG picture', hint: sendJpeg } },
  { starts: /^GIF8/, sniffed: { what: 'a GIF picture', hint: sendJpeg } },
  { starts: /^RIFF.{4}WEBP/s, sniffed: { what: 'a WebP picture', hint: sendJpeg } },
  { starts: /^BM.{4}\0{4}/s, sniffed: { what: 'a BMP picture', hint: sendJpeg } },
  // MP4, H.264 start codes, FLV, an HLS play list, an MPEG transport stream.
  {
    starts: /^(?:.{4}(?:ftyp|moof|moov|styp)|\0{2,3}[^\0 -~]|FLV|#EXTM3U|G.{187}G)/s,
    sniffed: { what: 'a video', hint: isVideo },
  },
  {
    starts: /^--[\x21-\x7e]+\r?\n/,
    sniffed: {
      what: 'an MJPEG stream that could not be read',
      hint: `The address answers an MJPEG stream: ${useSnapshot}.`,
    },
  },
  {
    starts: /^[[{]/,
    sniffed: { what: 'a JSON text', hint: `The address answers data, not a picture: ${useSnapshot}.` },
  },
  {
    starts: /^[\t\n\r\x20-\x7e]+$/,
    sniffed: { what: 'a text', hint: `The address answers a text, not a picture: ${useSnapshot}.` },
  },
];

/** Names the content of a body that does not begin like a JPEG. Never fails; looks at the first 512 bytes. */
export function sniff(bytes: Uint8Array): Sniffed {
  if (bytes.length === 0) {
    return {
      what: 'nothing',
      hint: 'The answer is empty: look whether the camera is plugged in and its server runs.',
    };
  }
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, lookBytes)).toString(
    'latin1',
  );
  // A UTF-8 byte order mark and white space may stand before a text.
  const text = start.replace(/^(?:\xef\xbb\xbf)?\s+(?=\S)/, '').replace(/^\xef\xbb\xbf/, '');
  const known = table.find(({ starts }) => starts.test(text));
  return (
    known?.sniffed ?? {
      what: 'something that is no picture',
      hint: `Open the address in a browser to see what it answers; ${useSnapshot}.`,
    }
  );
}
