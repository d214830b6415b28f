import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseForm } from '../../src/virtual/multipart.ts';
import { startVirtualOctoEverywhere } from '../../src/virtual/octoeverywhere.ts';
import { drawScene } from '../../src/virtual/scene.ts';

const scene = { isPrinting: true, grown: 0.5, gantry: 0.5, isDark: false };
const picture = await drawScene({ ...scene, spaghetti: 0 }, { width: 640, height: 360 });

async function start(t: { after(end: () => Promise<void>): void }) {
  let nowMs = 0;
  const service = await startVirtualOctoEverywhere({ apiKey: 'key', now: () => nowMs });
  t.after(service.close);
  const post = async (url: string, body: string | FormData, headers: Record<string, string> = {}) => {
    const response = await fetch(url, { method: 'POST', body, headers: { 'X-API-Key': 'key', ...headers } });
    return { status: response.status, json: (await response.json()) as Record<string, unknown> };
  };
  const create = (body: unknown = {}) =>
    post(
      `${service.baseUrl}/api/gadget/v1/createcontext`,
      typeof body === 'string' ? body : JSON.stringify(body),
    );
  const processUrl = async () => String((await create()).json['ProcessRequestUrl']);
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { service, post, create, processUrl, pass };
}

function form(...files: Blob[]): FormData {
  const data = new FormData();
  for (const file of files) data.append('attachment', file, 'snapshot');
  return data;
}

const jpeg = (bytes: Uint8Array = picture) => new Blob([new Uint8Array(bytes)], { type: 'image/jpeg' });

for (const [name, body, errorType] of [
  ['levels out of range', { WarningConfidenceLevel: 6 }, 'OE_BAD_ARGS'],
  ['a level that is not whole', { PauseConfidenceLevel: 2.5 }, 'OE_BAD_ARGS'],
  ['a level as text', { PauseConfidenceLevel: '3' }, 'OE_BAD_ARGS'],
  ['a field that there is not', { Nozzle: 1 }, 'OE_BAD_ARGS'],
  ['no object', [], 'OE_BAD_ARGS'],
  ['no JSON', 'WarningConfidenceLevel=3', 'OE_ARGS_PARSE_FAILED'],
] as const) {
  test(`createcontext refuses ${name}`, async (t) => {
    const { create } = await start(t);
    const { status, json } = await create(body);
    assert.deepEqual([status, json['ErrorType']], [400, errorType]);
  });
}

test('levels are optional', async (t) => {
  const { create, service } = await start(t);
  await create({ PauseConfidenceLevel: 5 });
  const [context] = service.contexts;
  assert.deepEqual([context?.warningLevel, context?.pauseLevel], [3, 5]);
});

test('only the right key is let in', async (t) => {
  const { post, processUrl } = await start(t);
  const url = await processUrl();
  const { status, json } = await post(url, form(jpeg()), { 'X-API-Key': 'kex' });
  assert.deepEqual([status, json['ErrorType']], [401, 'OE_INVALID_API_KEY']);
});

for (const [name, body, errorType] of [
  ['no form', '{}', 'OE_ARGS_PARSE_FAILED'],
  ['an empty form', form(), 'OE_BAD_ARGS'],
  ['two files', form(jpeg(), jpeg()), 'OE_BAD_ARGS'],
  ['a file and a field', withField(), 'OE_BAD_ARGS'],
  ['a PNG', form(new Blob(['\x89PNG\r\n'])), 'OE_IMAGE_DECODE_FAILED'],
  ['half a JPEG', form(jpeg(picture.subarray(0, picture.length / 2))), 'OE_IMAGE_DECODE_FAILED'],
] as const) {
  test(`process refuses ${name}`, async (t) => {
    const { post, processUrl } = await start(t);
    const { status, json } = await post(await processUrl(), body);
    assert.deepEqual([status, json['ErrorType']], [400, errorType]);
  });
}

function withField(): FormData {
  const data = form(jpeg());
  data.append('note', 'hello');
  return data;
}

test('process enforces its interval, on both hosts, after failed calls too', async (t) => {
  const { post, processUrl, pass, service } = await start(t);
  const url = await processUrl();
  const other = url.replace(service.baseUrl, service.fallbackUrl);
  assert.equal((await post(url, form(jpeg()))).json['NextProcessIntervalSec'], 20);
  pass(19_999);
  const early = await post(other, form(jpeg()));
  assert.deepEqual([early.status, early.json['ErrorType']], [429, 'OE_CONTEXT_RATE_LIMITED']);
  pass(1);
  service.setFault('OE_INTERNAL_ERROR', 'primary');
  assert.equal((await post(url, form(jpeg()))).status, 500);
  service.setFault('none');
  service.setIntervalSec(60);
  pass(19_000);
  assert.equal((await post(other, form(jpeg()))).status, 429);
  pass(1_000);
  assert.equal((await post(other, form(jpeg()))).json['NextProcessIntervalSec'], 60);
  pass(59_000);
  assert.equal((await post(url, form(jpeg()))).status, 429);
});

test('an unknown context and an unknown path are refused', async (t) => {
  const { post, processUrl, service } = await start(t);
  const url = await processUrl();
  service.forgetContexts();
  assert.equal((await post(url, form(jpeg()))).json['ErrorType'], 'OE_BAD_ARGS');
  assert.equal((await post(`${service.baseUrl}/api/gadget/v2/createcontext`, '{}')).status, 400);
});

test('it answers with all five fields and keeps what it saw', async (t) => {
  const { post, processUrl, service } = await start(t);
  const { json } = await post(await processUrl(), form(jpeg()));
  assert.deepEqual(json, {
    NextProcessIntervalSec: 20,
    PrintQuality: 10,
    WarningSuggested: false,
    PauseSuggested: false,
    Score: 0,
  });
  const call = service.calls.at(-1);
  assert.equal(call?.badness, 0);
  assert.ok((call?.bytes ?? 0) > picture.length);
});

const part = 'Content-Disposition: form-data; name="a"; filename="b"\r\n\r\nx';
for (const [name, type, body, count] of [
  ['one part', 'multipart/form-data; boundary=Z', `--Z\r\n${part}\r\n--Z--\r\n`, 1],
  ['a quoted boundary', 'multipart/form-data; boundary="Z Z"', `--Z Z\r\n${part}\r\n--Z Z--`, 1],
  ['no part', 'multipart/form-data; boundary=Z', '--Z--\r\n', 0],
  ['another type', 'multipart/mixed; boundary=Z', `--Z\r\n${part}\r\n--Z--\r\n`, null],
  ['no boundary', 'multipart/form-data', `--Z\r\n${part}\r\n--Z--\r\n`, null],
  ['no end', 'multipart/form-data; boundary=Z', `--Z\r\n${part}\r\n`, null],
  ['a cut part', 'multipart/form-data; boundary=Z', '--Z\r\nContent-Disposition: form-data', null],
  ['something before', 'multipart/form-data; boundary=Z', `hello\r\n--Z\r\n${part}\r\n--Z--\r\n`, null],
  ['something after', 'multipart/form-data; boundary=Z', `--Z\r\n${part}\r\n--Z--\r\nhello`, null],
  ['no headers', 'multipart/form-data; boundary=Z', '--Z\r\nx\r\n--Z--\r\n', null],
  ['no name', 'multipart/form-data; boundary=Z', '--Z\r\nA: b\r\n\r\nx\r\n--Z--\r\n', null],
] as const) {
  test(`a form with ${name}`, () => {
    assert.equal(parseForm(type, Buffer.from(body))?.length ?? null, count);
  });
}
