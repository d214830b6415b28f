// Asks a Moonraker on this host one thing over HTTP, for install.sh.
//
//   node ask-moonraker.mjs busy HOST:PORT[/PREFIX]      prints idle, busy, or unknown and why
//   node ask-moonraker.mjs webcams HOST:PORT[/PREFIX]   prints the name of each enabled webcam, one a line
//   node ask-moonraker.mjs knows HOST:PORT[/PREFIX] SECTION   prints yes or no: has it read this section of its configuration?
//   node ask-moonraker.mjs hide HOST:PORT[/PREFIX]      takes our own webcam entry away: prints hidden, or none
// No answer: prints unknown and why.
import process from 'node:process';

const timeoutMs = 5_000;
const maxBytes = 1024 * 1024;

async function ask(address, path, body) {
  const response = await fetch(`http://${address}${path}`, {
    ...(body === undefined
      ? {}
      : { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > maxBytes) throw new Error('the answer is too large');
  }
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return JSON.parse(text)?.result;
}

/** A restart of Moonraker in the middle of a print is not for us to risk: only a clear answer counts as idle. */
async function busy(address) {
  const info = await ask(address, '/server/info');
  // Klipper itself says that no print can run.
  if (['error', 'shutdown', 'startup'].includes(info?.klippy_state)) return 'idle';
  if (info?.klippy_state !== 'ready') return `unknown Klipper is ${info?.klippy_state ?? 'not there'}`;
  const objects = await ask(address, '/printer/objects/query', { objects: { print_stats: ['state'] } });
  const state = objects?.status?.print_stats?.state;
  if (['standby', 'complete', 'cancelled', 'error'].includes(state)) return 'idle';
  return ['printing', 'paused'].includes(state) ? 'busy' : `unknown print_stats.state is ${state}`;
}

async function webcams(address) {
  const list = (await ask(address, '/server/webcams/list'))?.webcams;
  if (!Array.isArray(list)) return '';
  return list
    .filter((webcam) => webcam?.enabled !== false && typeof webcam?.name === 'string')
    .map((webcam) => webcam.name)
    .join('\n');
}

async function knows(address, section) {
  const { config } = await ask(address, '/server/config');
  return Object.hasOwn(config, section) ? 'yes' : 'no';
}

/** Our own entries carry a mark (src/moonraker/own-webcam.ts). */
async function hide(address) {
  const list = (await ask(address, '/server/webcams/list'))?.webcams;
  const own = (Array.isArray(list) ? list : []).filter((webcam) => webcam?.extra_data?.lookout === true);
  for (const { uid } of own) {
    const method = 'server.webcams.delete_item';
    await ask(address, '/server/jsonrpc', { jsonrpc: '2.0', id: 1, method, params: { uid } });
  }
  return own.length === 0 ? 'none' : 'hidden';
}

const questions = { busy, webcams, knows, hide };
const [question, address, argument] = process.argv.slice(2);
try {
  process.stdout.write(`${await questions[question](address, argument)}\n`);
} catch (error) {
  process.stdout.write(`unknown ${error.cause?.code ?? error.message}\n`);
}
