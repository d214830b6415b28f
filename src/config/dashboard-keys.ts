// The keys of [dashboard].
import { key } from '../core/keys.ts';

/** Who may see what, and where. */
export const dashboard = {
  enabled: key.flag(true, 'Serve the page, the pictures and the API. False saves a few MB of memory.'),
  listen: key.text('IP address to listen on. Not set: all of this host.'),
  port: key.int(7136, { min: 0, max: 65535 }, 'Port to listen on. 0: any free one, told in the log.'),
  url: key.url(
    null,
    'web',
    'Address under which browsers reach the page, for the webcam entry. Not set: http://, this host name, .local and the port.',
  ),
  trusted_clients: key.words(
    'networks',
    [
      '10.0.0.0/8',
      '127.0.0.0/8',
      '169.254.0.0/16',
      '172.16.0.0/12',
      '192.168.0.0/16',
      '::1',
      'fc00::/7',
      'fe80::/10',
    ],
    'Who may look, and may act through the page, without a login. Everybody else is turned away.',
  ),
  hosts: key.words(
    'host-names',
    [],
    "Names of this host, or of a Mainsail or Fluidd elsewhere, beside IP addresses, localhost and this host's own name.",
  ),
  force_login: key.flag(
    false,
    "Ask trusted clients too for a Moonraker user or Moonraker's API key. For networks that are shared.",
  ),
  webcam: key.choice(
    'off',
    ['off', 'adaptive', 'stream', 'panel'],
    'Add a webcam "Lookout" to Mainsail and Fluidd: pictures now and then, a stream, or a small panel with buttons. off removes it.',
  ),
};
