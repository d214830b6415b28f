import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startVirtualWebcam, type VirtualWebcam, type WebcamFault } from '../../src/virtual/webcam.ts';
import { until } from '../support/until.ts';
import { makePicture, makeStream } from './pictures.ts';
import { failure, look, never, serve, serveTcp, told } from './servers.ts';

const scene = { isPrinting: true, grown: 0.5, spaghetti: 0, gantry: 0.5, isDark: false };

describe('a camera with a fault', () => {
  let webcam: VirtualWebcam;
  before(async () => {
    webcam = await startVirtualWebcam({ scene: () => scene, fps: 200, size: { width: 320, height: 180 } });
  });
  after(() => webcam.close());

  const table: readonly [WebcamFault, RegExp][] = [
    [
      'dead',
      /^CAMERA_UNREACHABLE: the connection to the camera broke \(ECONNRESET\) \(http:\/\/127\.0\.0\.1:\d+\/\?…\) \| .*camera server/,
    ],
    ['error-500', /^CAMERA_HTTP_STATUS: the camera answered 500 Internal Server Error .*\| .*restart it/],
    ['not-found', /^CAMERA_HTTP_STATUS: the camera answered 404 Not Found .*\| .*nothing at this address/],
    ['hang', /^CAMERA_TIMEOUT: no picture within 0\.3 s .*\| Restart/],
    [
      'garbage',
      /^CAMERA_NOT_JPEG: the camera sent something that is no picture instead of a JPEG \| Open the address/,
    ],
    [
      'html',
      /^CAMERA_NOT_JPEG: the camera sent a web page instead of a JPEG \| The address answers a web page/,
    ],
    ['truncated', /^CAMERA_TRUNCATED: the picture is cut off after \d+ bytes \| .*cable/],
    ['huge', /^CAMERA_TOO_LARGE: the camera sent more than 8 MiB for one picture \| /],
  ];
  for (const kind of ['snapshot', 'stream'] as const) {
    for (const [fault, expected] of table) {
      it(`${fault} at the ${kind} address has one clear message, and it recovers`, async (t) => {
        const camera = look(t, '', {
          snapshotUrl: webcam[`${kind}Url`],
          timeoutMs: fault === 'hang' ? 300 : 5_000,
        });
        webcam.setFault(fault);
        assert.match(told(await failure(camera)), expected);
        webcam.setFault('none');
        assert.equal((await camera.grab(never)).width, 320);
      });
    }
  }

  it('takes one frame of a stream that was entered as a snapshot, and leaves', async (t) => {
    const camera = look(t, '', { snapshotUrl: webcam.streamUrl });
    const before = webcam.requests();
    for (let i = 0; i < 3; i += 1) await camera.grab(never);
    const now = webcam.requests();
    assert.deepEqual([now.stream - before.stream, now.snapshot - before.snapshot], [3, 0]);
  });

  it('gives frames in the dark, which are for others to judge', async (t) => {
    webcam.setFault('dark');
    assert.equal((await look(t, '', { snapshotUrl: webcam.snapshotUrl }).grab(never)).height, 180);
    webcam.setFault('none');
  });
});

describe('takeSnapshot', () => {
  it('goes by the bytes, not by the Content-Type', async (t) => {
    const picture = makePicture();
    const stream = makeStream([picture, makePicture({ seed: 2 })], { delimiter: '--x' });
    for (const [type, body] of [
      ['text/html', picture],
      ['multipart/x-mixed-replace; boundary=x', picture],
      ['image/jpeg', stream],
      ['', stream],
    ] as const) {
      const url = await serve(t, (_request, response) => {
        if (type !== '') response.setHeader('Content-Type', type);
        response.end(body);
      });
      assert.equal((await look(t, url).grab(never)).width, 1280, type);
    }
  });

  it('takes the second picture of a stream, because the first may be an old one, and leaves', async (t) => {
    let isClosed = false;
    const url = await serve(t, (_request, response) => {
      response.setHeader('Content-Type', 'multipart/x-mixed-replace;boundary=f');
      const send = (seed: number) =>
        response.write(makeStream([makePicture({ seed })], { delimiter: '--f', tail: '\r\n' }));
      send(1);
      const timer = setInterval(() => send(2), 20);
      response.on('close', () => {
        clearInterval(timer);
        isClosed = true;
      });
    });
    assert.deepEqual(Buffer.from((await look(t, url).grab(never)).jpeg), makePicture({ seed: 2 }));
    await until('the connection to close', () => isClosed);
  });

  it('does not trust a stream that shows one picture and stops', async (t) => {
    const url = await serve(t, (_request, response) => {
      response.setHeader('Content-Type', 'multipart/x-mixed-replace;boundary=f');
      response.write(makeStream([makePicture()], { delimiter: '--f', tail: '\r\n--f\r\n' }));
    });
    assert.match(
      told(await failure(look(t, url, { timeoutMs: 200 }))),
      /^CAMERA_STALE: the stream gave one picture/,
    );
  });

  it('takes the only picture of a multipart answer that ends', async (t) => {
    const url = await serve(t, (_request, response) => {
      response.setHeader('Content-Type', 'multipart/x-mixed-replace;boundary=f');
      response.end(makeStream([makePicture()], { delimiter: '--f' }));
    });
    assert.equal((await look(t, url).grab(never)).width, 1280);
  });

  for (const [name, body, expected] of [
    ['an empty answer', '', /^CAMERA_NOT_JPEG: the camera sent nothing/],
    ['an empty stream', '--f\r\n', /^CAMERA_TRUNCATED: .*stream ended/],
    ['a stream without parts', `--${'x'.repeat(100_000)}`, /^CAMERA_NOT_JPEG: .*no picture begins/],
  ] as const) {
    it(`has a message for ${name}`, async (t) => {
      const url = await serve(t, (_request, response) => response.end(body));
      assert.match(told(await failure(look(t, url))), expected);
    });
  }

  it('has a message for a server that speaks no HTTP', async (t) => {
    const url = await serveTcp(t, (socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
    assert.match(told(await failure(look(t, url))), /^CAMERA_UNREACHABLE: .*does not speak HTTP/);
  });

  it('has a message for a port where nothing listens', async (t) => {
    const gone = await startVirtualWebcam({ scene: () => scene });
    await gone.close();
    assert.match(
      told(await failure(look(t, gone.baseUrl))),
      /^CAMERA_UNREACHABLE: nothing listens .*\| Look whether/,
    );
  });

  it('has a message for a name that nobody knows', async (t) => {
    const error = await failure(look(t, 'http://camera.invalid'));
    assert.match(told(error), /^CAMERA_UNREACHABLE: the host name camera\.invalid is not known/);
  });

  it('has a message for a body that breaks off', async (t) => {
    const url = await serve(t, (_request, response) => {
      response.setHeader('Content-Length', 5_000);
      response.write(makePicture(), () => response.destroy());
    });
    assert.match(told(await failure(look(t, url))), /^CAMERA_TRUNCATED: .*closed the connection/);
  });

  it('waits for a slow camera up to the limit', async (t) => {
    const picture = makePicture();
    const url = await serve(t, (request, response) => {
      let at = 0;
      const timer = setInterval(() => {
        response.write(picture.subarray(at, at + 100));
        at += 100;
        if (at >= picture.length) response.end();
        if (at >= picture.length || request.url === '/slow') clearInterval(timer);
      }, 5);
      response.on('close', () => clearInterval(timer));
    });
    assert.equal((await look(t, url).grab(never)).width, 1280);
    const tooSlow = look(t, url, { snapshotUrl: '/slow', timeoutMs: 200 });
    assert.match(told(await failure(tooSlow)), /^CAMERA_TIMEOUT: no picture within 0\.2 s/);
  });

  it('takes 100 MB without holding more than the limit', async (t) => {
    const webcam = await startVirtualWebcam({ scene: () => scene });
    t.after(() => webcam.close());
    webcam.setFault('huge');
    const camera = look(t, '', { snapshotUrl: webcam.snapshotUrl });
    const growth: number[] = [];
    for (let i = 0; i < 5; i += 1) {
      assert.equal((await failure(camera)).code, 'CAMERA_TOO_LARGE');
      growth.push(process.memoryUsage().arrayBuffers);
    }
    // What was read is garbage by now, up to what the collector has not come to.
    assert.ok(Math.max(...growth) < 64e6, growth.join(' '));
  });

  it('does not even read a body that announces too much', async (t) => {
    const url = await serve(t, (_request, response) => {
      response.setHeader('Content-Length', 9 * 1024 * 1024);
      response.write(makePicture().subarray(0, 100));
    });
    assert.equal((await failure(look(t, url))).code, 'CAMERA_TOO_LARGE');
  });
});

describe('access to the camera', () => {
  const basicAuth = { username: 'pi', password: 'p%40ss:wörd' };

  it('sends user name and password, from the settings or from the address', async (t) => {
    const webcam = await startVirtualWebcam({
      scene: () => scene,
      basicAuth,
      size: { width: 320, height: 180 },
    });
    t.after(() => webcam.close());
    const inSettings = look(t, webcam.baseUrl, basicAuth);
    assert.equal((await inSettings.grab(never)).width, 320);
    const url = new URL(webcam.snapshotUrl);
    url.username = basicAuth.username;
    url.password = encodeURIComponent(basicAuth.password);
    assert.equal((await look(t, '', { snapshotUrl: url.href }).grab(never)).width, 320);
  });

  it('says what to do without them, and never shows them', async (t) => {
    const webcam = await startVirtualWebcam({ scene: () => scene, basicAuth });
    t.after(() => webcam.close());
    assert.match(
      told(await failure(look(t, webcam.baseUrl))),
      /^CAMERA_UNAUTHORIZED: .*401 Unauthorized.* \| Set username/,
    );
    const url = webcam.snapshotUrl.replace('//', '//admin:topsecret@').concat('&token=topsecret');
    const error = await failure(look(t, '', { snapshotUrl: url }));
    assert.equal(error.code, 'CAMERA_UNAUTHORIZED');
    assert.doesNotMatch(
      JSON.stringify([error, error.message, error.hint, String(error.cause), error.stack]),
      /topsecret/,
    );
    await webcam.close().catch(() => {});
    const gone = await failure(look(t, '', { snapshotUrl: url }));
    assert.equal(gone.code, 'CAMERA_UNREACHABLE');
    assert.doesNotMatch(
      JSON.stringify([gone, gone.message, gone.hint, gone.cause, String(gone.cause)]),
      /topsecret/,
    );
  });

  it('names digest authentication', async (t) => {
    const url = await serve(t, (_request, response) =>
      response.writeHead(401, { 'WWW-Authenticate': 'Digest realm="cam", nonce="1"' }).end(),
    );
    assert.match(told(await failure(look(t, url))), /^CAMERA_UNAUTHORIZED: .*digest/);
    const closed = await serve(t, (_request, response) => response.writeHead(403).end());
    assert.match(told(await failure(look(t, closed))), /^CAMERA_UNAUTHORIZED: .*403 Forbidden/);
  });

  it('follows redirects within the host, with the password', async (t) => {
    const url = await serve(t, (request, response) => {
      if (request.url !== '/final')
        return response.writeHead(302, { Location: request.url === '/snapshot' ? '/next' : 'final' }).end();
      return response.writeHead(request.headers.authorization === undefined ? 401 : 200).end(makePicture());
    });
    assert.equal((await look(t, url, { username: 'a', password: 'b' }).grab(never)).width, 1280);
  });

  for (const [name, location, expected] of [
    [
      'another host',
      'http://localhost:1/x',
      /^CAMERA_REDIRECT: .*to another host, localhost:1 .*\| Only redirects within one host/,
    ],
    ['another protocol', 'rtsp://127.0.0.1/x', /^CAMERA_REDIRECT: .*to another host/],
    ['nonsense', 'http://', /^CAMERA_REDIRECT: .*no URL/],
    ['itself', '/snapshot', /^CAMERA_REDIRECT: .*without end/],
  ] as const) {
    it(`does not follow a redirect to ${name}`, async (t) => {
      const url = await serve(t, (_request, response) =>
        response.writeHead(307, { Location: location }).end(),
      );
      assert.match(told(await failure(look(t, url))), expected);
    });
  }

  it('uses one connection for many pictures, and survives that the server closes it', async (t) => {
    let connections = 0;
    let pictures = 0;
    const url = await serve(t, (request, response) => {
      if (request.socket.listenerCount('lookout') === 0) {
        connections += 1;
        request.socket.on('lookout', () => {});
      }
      pictures += 1;
      response.end(makePicture({ seed: pictures }));
      // The next request meets a connection that is closing.
      if (pictures === 3) response.on('finish', () => setImmediate(() => request.socket.destroy()));
    });
    const camera = look(t, url);
    for (let i = 0; i < 3; i += 1) await camera.grab(never);
    assert.equal(connections, 1);
    await camera.grab(never);
    assert.equal(connections, 2);
  });

  it('ignores a proxy of the environment', async (t) => {
    const url = await serve(t, (_request, response) => response.end(makePicture()));
    const old = process.env['http_proxy'];
    process.env['http_proxy'] = 'http://127.0.0.1:1';
    try {
      assert.equal((await look(t, url).grab(never)).width, 1280);
    } finally {
      if (old === undefined) delete process.env['http_proxy'];
      else process.env['http_proxy'] = old;
    }
  });
});

describe('a camera behind https', () => {
  let folder = '';
  let tls = { key: '', cert: '' };
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'lookout-tls-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    try {
      execFileSync(
        'openssl',
        [
          ...'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=lookout-test -addext subjectAltName=IP:127.0.0.1'.split(
            ' ',
          ),
          '-keyout',
          key,
          '-out',
          cert,
        ],
        { stdio: ['ignore', 'ignore', 'pipe'] },
      );
    } catch (cause) {
      throw new Error('these tests need the openssl command: apt install openssl', { cause });
    }
    tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('is trusted with the authority of ca_file, and else says what to set', async (t) => {
    const url = await serve(t, (_request, response) => response.end(makePicture()), tls);
    assert.equal((await look(t, url, { caFile: join(folder, 'cert.pem') }).grab(never)).width, 1280);
    assert.match(
      told(await failure(look(t, url))),
      /^CAMERA_UNREACHABLE: .*not from a known authority .*\| Set ca_file/,
    );
  });

  it('says that the file of the authority is missing', async (t) => {
    const url = await serve(t, (_request, response) => response.end(makePicture()), tls);
    const camera = look(t, url, { caFile: join(folder, 'none.pem') });
    assert.match(told(await failure(camera)), /^CAMERA_UNREACHABLE: .*none\.pem \| Correct ca_file/);
  });

  it('says that a server speaks no TLS, and refuses to leave https', async (t) => {
    const plain = await serve(t, (_request, response) => response.end(makePicture()));
    assert.match(
      told(await failure(look(t, plain.replace('http:', 'https:')))),
      /^CAMERA_UNREACHABLE: .*does not speak TLS/,
    );
    const url = await serve(
      t,
      (_request, response) => response.writeHead(301, { Location: plain }).end(),
      tls,
    );
    const camera = look(t, url, { caFile: join(folder, 'cert.pem') });
    assert.match(told(await failure(camera)), /^CAMERA_REDIRECT: .*from https:\/\/ to http:\/\//);
  });
});
