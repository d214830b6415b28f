import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { MoonrakerError } from '../../src/core/errors.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { TransportEnd } from '../../src/moonraker/transport.ts';
import { createFrameSplitter, openUnixSocket } from '../../src/moonraker/unix-socket.ts';
import { until } from '../support/until.ts';

describe('createFrameSplitter', () => {
  it('gives the same messages under any chunking', () => {
    const message = fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => text.replaceAll('\x03', ''));
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 8 }),
        fc.array(fc.nat(12), { maxLength: 60 }),
        (messages, cuts) => {
          const bytes = Buffer.from(messages.map((text) => `${text}\x03`).join(''));
          const frames: string[] = [];
          const splitter = createFrameSplitter(1000, (frame) => frames.push(frame.toString()));
          let at = 0;
          for (const cut of cuts) {
            assert.equal(splitter.push(bytes.subarray(at, at + cut)), true);
            at = Math.min(at + cut, bytes.length);
          }
          splitter.push(bytes.subarray(at));
          assert.deepEqual(
            frames,
            messages.filter((text) => text !== ''),
          );
        },
      ),
    );
  });

  it('refuses a message above the limit, whole or in pieces, and gives what came before', () => {
    const frames: string[] = [];
    const splitter = createFrameSplitter(5, (frame) => frames.push(frame.toString()));
    assert.equal(splitter.push(Buffer.from('12345\x03123')), true);
    assert.equal(splitter.push(Buffer.from('456\x03789\x03')), false);
    assert.equal(splitter.push(Buffer.from('1\x03')), false);
    assert.deepEqual(frames, ['12345']);
  });
});

describe('openUnixSocket', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lookout-uds-'));
  after(() => rmSync(folder, { recursive: true }));
  const limits = { maxFrameBytes: 100, connectTimeoutMs: 1000 };
  const deps = { clock: systemClock };
  const { signal } = new AbortController();

  const serve = async (name: string) => {
    const path = join(folder, name);
    const peers: Socket[] = [];
    const heard: Buffer[] = [];
    const server = createServer((socket) => {
      peers.push(socket);
      socket.on('data', (chunk) => heard.push(chunk));
      socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    return { path, peers, heard, close: () => server.close() };
  };
  const listen = () => {
    const frames: string[] = [];
    const ends: TransportEnd[] = [];
    const events = {
      onFrame: (frame: Buffer) => frames.push(frame.toString()),
      onAlive: () => undefined,
      onEnd: (end: TransportEnd) => ends.push(end),
    };
    return { frames, ends, events };
  };

  it('frames both ways with 0x03 and reports the end once', async () => {
    const server = await serve('both.sock');
    const { frames, ends, events } = listen();
    const transport = await openUnixSocket(server.path, events, limits, deps, signal);
    transport.send('{"a":"ä"}');
    await until('our frame', () => Buffer.concat(server.heard).toString() === '{"a":"ä"}\x03');
    const bytes = Buffer.from('{"b":"ö"}\x03{"c":1}\x03');
    server.peers[0]?.write(bytes.subarray(0, 7));
    server.peers[0]?.write(bytes.subarray(7));
    await until('both frames', () => frames.length === 2);
    assert.deepEqual(frames, ['{"b":"ö"}', '{"c":1}']);
    server.peers[0]?.destroy();
    await until('the end', () => ends.length > 0);
    assert.deepEqual(ends, [{ code: 1006, reason: '', isOversized: false }]);
    server.close();
  });

  it('ends with "oversized" instead of filling memory', async () => {
    const server = await serve('big.sock');
    const { frames, ends, events } = listen();
    await openUnixSocket(server.path, events, limits, deps, signal);
    await until('the peer', () => server.peers.length === 1);
    server.peers[0]?.write('x'.repeat(500));
    await until('the end', () => ends.length > 0);
    assert.deepEqual([ends[0]?.isOversized, frames.length], [true, 0]);
    server.close();
  });

  it('says what to do when there is no socket', async () => {
    await assert.rejects(
      openUnixSocket(join(folder, 'none.sock'), listen().events, limits, deps, signal),
      (error) =>
        error instanceof MoonrakerError && /ENOENT/.test(error.message) && /running/.test(error.hint),
    );
  });

  it('rejects with the reason of the signal', async () => {
    const server = await serve('abort.sock');
    const abort = new AbortController();
    const opening = openUnixSocket(server.path, listen().events, limits, deps, abort.signal);
    abort.abort(new Error('enough'));
    await assert.rejects(opening, /enough/);
    server.close();
  });
});
