// Asks for one address many times, from a thread of its own, and tells how often each status came.
import { Agent, get } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';

const { port, path, count, atOnce } = workerData;
const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
const statuses = {};
let left = count;

const ask = () =>
  new Promise((resolve) => {
    get({ host: '127.0.0.1', port, path, agent }, (response) => {
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
parentPort.postMessage(statuses);
