// The keys of `[camera]`.
import { key } from '../core/keys.ts';

/** `[camera]`: where pictures come from, and what lies where in them. */
export const camera = {
  webcam: key.text('Name of the webcam as in Mainsail or Fluidd. Not set: the first that can give a JPEG.'),
  base_url: key.url(
    null,
    'web',
    'Goes before webcam URLs that are only a path, such as /webcam/?action=snapshot. Not set: http:// and the host of [moonraker] url.',
  ),
  snapshot_url: key.url(null, 'web-or-path', 'A still picture, in place of a webcam known to Moonraker.'),
  stream_url: key.url(null, 'web-or-path', 'An MJPEG stream, used when there is no snapshot_url.'),
  username: key.text('User name that the camera asks for (HTTP basic authentication).'),
  password: key.secret('Password that the camera asks for.'),
  ca_file: key.path(
    null,
    { mayBeNone: false },
    'Certificate (PEM) of a private authority, for an https:// camera.',
  ),
  rotation: key.choice(
    0,
    [0, 90, 180, 270],
    'Degrees clockwise. Only with a URL given here; else as set for the webcam.',
  ),
  flip_horizontal: key.flag(false, 'Mirror left and right. Only with a URL given here.'),
  flip_vertical: key.flag(false, 'Mirror top and bottom. Only with a URL given here.'),
  max_height: key.int(
    1080,
    { min: 240, max: 4320 },
    'Pixels. Higher pictures are scaled down before they are judged.',
  ),
  timeout: key.duration('10s', { min: '1s', max: '60s' }, 'How long to wait for one picture.'),
  quality_check: key.flag(
    true,
    'Do not judge pictures in which nothing can be seen: too dark, white, covered, blurred or broken ones, and those of a camera that hangs.',
  ),
  light_on: key.macro(
    'Macro that switches a light on, run for a picture where it is too dark, at most once a look. Keep it short: no G4, no M400.',
  ),
  light_off: key.macro('Macro that switches it off again, right after that picture.'),
  light_wait: key.duration(
    '3s',
    { min: '0s', max: '30s' },
    'Between light_on and the picture. Klipper switches a pin up to two seconds late, behind the moves it has planned, and the camera has to get used to the light.',
  ),
  ignore: key.areas(
    'Areas in which nothing counts, in fractions of the picture from 0,0 (upper left) to 1,1 (lower right). Backends that do not say where they saw something get them painted over.',
  ),
  bed_corners: key.corners(
    'Corners of the bed in the picture: front left, front right, back right, back left. With them an alert may offer to skip the object that fails (docs/alerts.md).',
  ),
};
