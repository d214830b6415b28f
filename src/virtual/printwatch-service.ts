// The virtual PrintWatch without its sockets: keys, printers, tickets, intervals, pictures and levels.
import { parseJson, type WholeRequest } from './loopback-service.ts';
import {
  type AnyRequest,
  type InferRequest,
  type Read,
  type RequestKind,
  readInfer,
  readOther,
} from './printwatch-requests.ts';
import { judgePicture } from './strand-judge.ts';

/** The service's own codes: 210 picture, 211 inference, 212 settings check, 213 too soon, 214 new, 215 payload, 216 no plan, 217 key, 218 no print time. */
export type ServiceCode = 210 | 211 | 212 | 213 | 214 | 215 | 216 | 217 | 218;

/** How the service behaves. */
export interface PrintWatchServiceOptions {
  /** The one key that is accepted. */
  readonly apiKey: string;
  /** Printers that its plan allows. */
  readonly devices: number;
  /** Seconds between two pictures of one printer. */
  readonly intervalSec: number;
  /** Seconds of print before which nothing is judged. */
  readonly startsAfterSec: number;
}

/** What is to be answered, and what was learnt on the way. */
export interface ServiceVerdict {
  readonly kind: RequestKind | 'unknown';
  /** 200, one of the service's own, 404 or 422. */
  readonly code: number;
  readonly json: Readonly<Record<string, unknown>>;
  /** The fields of the request without key and picture; null where they could not be read. */
  readonly request: Readonly<Record<string, unknown>> | null;
  /** Of the picture, 0 clean .. 100 full of strands; null when none was judged. */
  readonly badness: number | null;
}

/** A command from the app. */
export type AppCommand = 'pause' | 'resume' | 'cancel';

/** The service. */
export interface PrintWatchService {
  /** Handles one request. With `isSpoilt` the answer will not reach the client: the call counts, the picture is not judged. */
  handle(request: WholeRequest, isSpoilt: boolean): Promise<ServiceVerdict>;
  /** Goes out with the next good answer to infer or heartbeat, once. */
  queueCommand(command: AppCommand): void;
  setIntervalSec(seconds: number): void;
}

interface Printer {
  ticket: string;
  /** Tickets of prints that are over. */
  readonly retired: Set<string>;
  /** Arrival of the last picture that was judged. */
  judgedMs: number | null;
}

const says: Readonly<Record<ServiceCode, string>> = {
  210: 'Issue with Image data',
  211: 'Bad inference request',
  212: 'Settings check failed',
  213: 'Print time too soon',
  214: 'New user added',
  215: 'Issue with payload data',
  216: 'No inference criteria met',
  217: 'Invalid API key',
  218: 'Unavailable print time',
};

type Outcome = Pick<ServiceVerdict, 'code' | 'json'> & { readonly badness?: number };

/** Makes a service that knows no printer yet. */
export function createPrintWatchService(options: PrintWatchServiceOptions): PrintWatchService {
  const printers = new Map<string, Printer>();
  let { intervalSec } = options;
  let command: AppCommand | null = null;

  const takeCommand = () => {
    const action = command;
    command = null;
    return action === null ? {} : { action };
  };

  /** What is wrong with the one who asks; null for nothing. */
  const checkWho = ({ api_key, printer_id, ticket_id }: AnyRequest): Outcome | null => {
    if (api_key !== options.apiKey) return no(217);
    const printer = printers.get(printer_id);
    if (printer === undefined) {
      if (printers.size >= options.devices) return no(212, 'no printer left in this plan');
      printers.set(printer_id, { ticket: ticket_id, retired: new Set(), judgedMs: null });
      return no(214);
    }
    if (printer.retired.has(ticket_id)) return no(212, 'this ticket belongs to a print that is over');
    if (printer.ticket !== ticket_id) printer.retired.add(printer.ticket);
    printer.ticket = ticket_id;
    return null;
  };

  const infer = async (request: InferRequest, atMs: number, isSpoilt: boolean): Promise<Outcome> => {
    const { printTime, printer_id, image_array } = request;
    if (printTime === null || printTime === 0) return no(218);
    if (printTime < options.startsAfterSec) return no(213);
    const printer = printers.get(printer_id);
    const passedMs = atMs - (printer?.judgedMs ?? Number.NEGATIVE_INFINITY);
    if (printer === undefined || passedMs < intervalSec * 1_000)
      return no(212, `called after ${passedMs} ms`);
    printer.judgedMs = atMs;
    if (isSpoilt) return yes(judge(request, 0));
    const jpeg = decode(image_array);
    const picture = jpeg && (await judgePicture(jpeg));
    if (picture === null) return no(210);
    const json = { ...judge(request, picture.badness / 100), ...takeCommand() };
    const isFree = options.apiKey.startsWith('fmu_');
    return { ...yes(isFree ? { ...json, interval: intervalSec } : json), badness: picture.badness };
  };

  const settle = async <Request extends AnyRequest>(
    kind: RequestKind,
    read: Read<Request>,
    work: (request: Request) => Outcome | Promise<Outcome>,
  ): Promise<ServiceVerdict> => {
    const unread = { kind, request: null, badness: null };
    if (read.kind === 'invalid') return { ...unread, code: 422, json: { detail: read.detail } };
    if (read.kind === 'missing') return { ...unread, ...no(215, `missing: ${read.fields.join(', ')}`) };
    const outcome = checkWho(read.request) ?? (await work(read.request));
    return { ...unread, request: shown(read.request), ...outcome };
  };

  return {
    handle: async (whole, isSpoilt) => {
      const kind = kindOf(whole);
      const json = parseJson(whole.body);
      switch (kind) {
        case null:
          return { kind: 'unknown', code: 404, json: { detail: 'Not Found' }, request: null, badness: null };
        case 'infer':
          return settle(kind, readInfer(json), (request) => infer(request, whole.atMs, isSpoilt));
        case 'heartbeat':
          return settle(kind, readOther(kind, json), () => yes(takeCommand()));
        default:
          return settle(kind, readOther(kind, json), () => yes({}));
      }
    },
    queueCommand: (next) => {
      command = next;
    },
    setIntervalSec: (seconds) => {
      intervalSec = seconds;
    },
  };
}

function kindOf({ method, path }: WholeRequest): RequestKind | null {
  const kinds: readonly RequestKind[] = ['infer', 'heartbeat', 'notify', 'print/event'];
  return (method === 'POST' && kinds.find((kind) => path === `/api/v2/${kind}`)) || null;
}

function yes(json: Readonly<Record<string, unknown>>): Outcome {
  return { code: 200, json };
}

/** A refusal in the service's own words. */
export function no(code: ServiceCode, why?: string): Outcome {
  return { code, json: { message: why === undefined ? says[code] : `${says[code]}: ${why}` } };
}

function decode(base64: string): Buffer | null {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return null;
  const bytes = Buffer.from(base64, 'base64');
  return bytes[0] === 0xff && bytes[1] === 0xd8 ? bytes : null;
}

/** The request without its key, and with the size of its picture only. */
function shown(request: AnyRequest & { readonly image_array?: string }): Record<string, unknown> {
  const { api_key: _, image_array, ...fields } = request;
  return image_array === undefined
    ? fields
    : { ...fields, image_bytes: Math.floor((image_array.length * 3) / 4) };
}

/** The whole picture, for want of anything better: the judge measures how much there is, not where. */
const everywhere = [0, 0, 640, 640];

/** The levels follow the moving average over what the client says that it has been told before. */
function judge(request: InferRequest, score: number): Record<string, unknown> {
  const { scores, buffer_length, buffer_percent, conf, thresholds } = request;
  const seen = [...scores, score].slice(-buffer_length);
  const average = seen.reduce((sum, each) => sum + each, 0) / seen.length;
  const percent = (100 * seen.filter((each) => each >= conf).length) / seen.length;
  const isDefect = score >= conf;
  return {
    defect_detected: isDefect ? 'True' : 'False',
    score,
    smas: [[average]],
    levels: [average >= thresholds[0], average >= thresholds[1] && percent >= buffer_percent],
    boxes: isDefect ? [everywhere] : [],
  };
}
