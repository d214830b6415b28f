import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startService } from '../contract/service.ts';
import { rigFor, startRig, token } from './obico-rig.ts';
import { never } from './rig.ts';

for (const [fault, code, says, hint] of [
  [
    'cannot-fetch',
    'BACKEND_UNREACHABLE',
    /could not fetch the picture from us at 127\.0\.0\.1:\d+$/,
    /serve_address/,
  ],
  ['blind', 'BACKEND_BAD_ANSWER', /a picture that it never had/, /log/],
  ['silent-error', 'BACKEND_BAD_ANSWER', /a picture that it never had/, /./],
  ['no-detector', 'BACKEND_BAD_FRAME', /could not read the picture: 'NoneType' object has no/, /log/],
  ['error-500', 'BACKEND_HTTP_STATUS', /HTTP 500/, /./],
  ['bad-gateway', 'BACKEND_HTTP_STATUS', /HTTP 502/, /./],
  ['html', 'BACKEND_BAD_ANSWER', /web page/, /./],
  ['wrong-types', 'BACKEND_BAD_ANSWER', /wrong shape: detections\.0/, /./],
  ['missing-field', 'BACKEND_BAD_ANSWER', /wrong shape: detections/, /./],
] as const) {
  test(`${fault} is ${code}, and the next picture is tried on time`, async (t) => {
    const { fails, assess, clock, service } = await startRig(t);
    service.setFault(fault);
    const error = await fails();
    assert.deepEqual([error.code, error.retry], [code, 'soon'], error.message);
    assert.match(error.message, says);
    assert.match(error.hint, hint);
    // The address of a picture is nobody's business, not even afterwards.
    const path = new URL(service.calls.at(-1)?.img ?? '').pathname.slice(1);
    assert.ok(!JSON.stringify({ ...error, message: error.message }).includes(path));
    service.setFault('none');
    await clock.advance(10_000);
    assert.equal((await assess()).score, 0);
  });
}

for (const [given, says] of [
  [null, /the ml_api wants a token/],
  ['another', /the token is not accepted/],
] as const) {
  test(`token ${given}, where there must be one: no call before a person has acted`, async (t) => {
    const { fails, clock, service } = await startRig(t, { token: given }, { token });
    const error = await fails();
    assert.deepEqual([error.code, error.retry], ['BACKEND_BAD_KEY', 'never']);
    assert.match(error.message, says);
    assert.match(error.hint, /ML_API_TOKEN/);
    await clock.advance(24 * 3_600_000);
    assert.equal((await fails()).code, 'BACKEND_BAD_KEY');
    assert.equal(service.calls.length, 1);
  });
}

test('a token where none is needed does no harm', async (t) => {
  const { assess } = await startRig(t, { token });
  assert.equal((await assess()).score, 0);
});

// 203.0.113.0/24 and 2001:db8::/32 are for documentation: nobody has them, and nothing is sent.
for (const url of ['http://203.0.113.7:3333', 'http://[2001:db8::7]:3333']) {
  test(`the token is not sent to ${url}`, async () => {
    const rig = rigFor(url, { token, serveAddress: '192.168.0.2' });
    const error = await rig.fails();
    assert.deepEqual([error.code, error.retry], ['BACKEND_BAD_REQUEST', 'never']);
    assert.match(error.message, /readable by everybody/);
    assert.match(error.hint, /https/);
    assert.ok(!error.message.includes(token));
  });
}

for (const [key, change] of [
  ['serve_to', { serveTo: 'my-docker-host' }],
  ['serve_to', { serveTo: '172.16.0.0/33' }],
  ['serve_to', { serveTo: '172.16.0.0/0' }],
  ['serve_to', { serveTo: '172.16.0.0/12/1' }],
  ['serve_to', { serveTo: '172.16.0.0/' }],
  ['serve_address', { serveAddress: '192.168.0.2:8000' }],
  ['serve_address', { serveAddress: 'printer/path' }],
  ['serve_address', { serveAddress: 'user@printer' }],
  ['serve_address', { serveAddress: 'my printer' }],
  ['serve_address', { serveAddress: 'http://printer' }],
] as const) {
  test(`${JSON.stringify(change)} is refused before anything is asked`, async (t) => {
    const { fails, service } = await startRig(t, change);
    const error = await fails();
    assert.deepEqual([error.code, error.retry], ['BACKEND_BAD_REQUEST', 'never']);
    assert.match(error.message, new RegExp(key));
    assert.match(error.hint, new RegExp(`${key} in \\[backend obico\\] takes`));
    assert.equal(service.calls.length, 0);
  });
}

test('a name without an address is said', async () => {
  // No name may be as long, so nobody is asked.
  const error = await rigFor(`http://${'x'.repeat(64)}:3333`).fails();
  assert.deepEqual([error.code, error.retry], ['BACKEND_UNREACHABLE', 'soon']);
  assert.match(error.message, /no address for the name/);
});

for (const [fault, code, says] of [
  ['no-detector', 'BACKEND_BUSY', /detector did not load/],
  ['cannot-fetch', 'BACKEND_UNREACHABLE', /could not fetch/],
] as const) {
  test(`confirm says ${fault}`, async (t) => {
    const { backend, service } = await startRig(t);
    service.setFault(fault);
    await assert.rejects(async () => backend.confirm?.(never), { code, message: says });
  });
}

test('confirm takes no other text for health', async (t) => {
  const service = await startService(() => ({ status: 200, json: 'ok' }));
  t.after(service.close);
  await assert.rejects(async () => rigFor(service.origin).backend.confirm?.(never), {
    code: 'BACKEND_BAD_ANSWER',
    message: /health was answered with text of the wrong shape/,
  });
});
