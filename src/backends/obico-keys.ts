// The keys of `[backend obico]`.
import { key } from '../core/keys.ts';

/** Settings of the Obico ml_api backend, with default, range and meaning. */
export const obicoKeys = {
  url: key.url(
    'http://127.0.0.1:3333',
    'web',
    'The ml_api of an Obico server, or anything that speaks as it does. It fetches each picture from this host.',
  ),
  token: key.secret(
    'ML_API_TOKEN of the ml_api, where it has one. Never sent over plain http:// outside of the local network.',
  ),
  serve_address: key.text(
    'Name or address under which the ml_api finds this host. Not set: the address from which this host reaches it. Needed when the ml_api runs in a container on this host.',
  ),
  serve_port: key.int(
    0,
    { min: 0, max: 65_535 },
    'Port for its pictures. 0: any free one, new for each picture. Set it to open just this one in a firewall.',
    { isExclusive: true },
  ),
  serve_to: key.text(
    'Who else may fetch pictures: addresses and ranges, separated by commas, such as 172.16.0.0/12 for a container on this host. Not set: only the address in url.',
  ),
  min_interval: key.duration('10s', { min: '1s', max: '30m' }, 'Shortest time between two pictures.'),
  neutral: key.float(
    0.38,
    { min: 0, max: 0.9 },
    'What the detector may see in a picture that is fine: the sum of its confidences. Raise it against false alarms.',
  ),
};
