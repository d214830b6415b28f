// Troubles a server from a process of its own and prints what came of it: `node flood.mjs requests|half-open PORT COUNT`.
import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';

const [kind, port, count] = process.argv.slice(2);
const atOnce = 50;
/** The server drops what it has no room for within this time, ms. */
const settleMs = 1_500;

/** How often each status came. */
async function requests() {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  const statuses = {};
  let left = Number(count);
  const ask = () =>
    new Promise((resolve) => {
      get({ host: '127.0.0.1', port, path: '/api/v1/state', agent }, (response) => {
        statuses[response.statusCode] = (statuses[response.statusCode] ?? 0) + 1;
        response.resume().on('end', resolve);
      }).on('error', resolve);
    });
  const turn = async () => {
    while (left > 0) {
      left -= 1;
      await ask();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, turn));
  agent.destroy();
  return statuses;
}

/** How many connections that never finish their request are kept open. */
async function halfOpen() {
  const sockets = Array.from({ length: Number(count) }, () => {
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => {});
    socket.resume().write('GET /api/v1/state HTTP/1.1\r\nHost: x');
    return socket;
  });
  await delay(settleMs);
  const open = sockets.filter(({ destroyed }) => !destroyed).length;
  for (const socket of sockets) socket.destroy();
  return { open };
}

const result = await { requests, 'half-open': halfOpen }[kind]();
process.stdout.write(`${JSON.stringify(result)}\n`);
