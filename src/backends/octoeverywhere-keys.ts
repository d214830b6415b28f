// The keys of `[backend octoeverywhere]`.
import { key } from '../core/keys.ts';

/** Settings of the OctoEverywhere backend, with default, range and meaning. Limits are the service's own. */
export const octoeverywhereKeys = {
  api_key: key.secret('Your key for the Gadget API, from octoeverywhere.com.', { isNeeded: true }),
  warning_confidence: key.int(
    3,
    { min: 1, max: 5 },
    'How sure the service must be before it warns: 1 warns sooner, 5 only when very sure.',
  ),
  pause_confidence: key.int(3, { min: 1, max: 5 }, 'The same for calling the print failed.'),
  min_interval: key.duration(
    '20s',
    { min: '20s', max: '30m' },
    'Shortest time between two pictures. The service may ask for more (about 40s is usual). Longer saves calls.',
  ),
  monthly_calls: key.int(
    5000,
    { min: 0, max: 1_000_000_000 },
    'Pictures to send in a calendar month: a notice at 80 %, no more at 100 %. 0 is no limit. The service gives 5000 free.',
  ),
  url: key.url(
    'https://gadget-pv1-oeapi.octoeverywhere.com',
    'secure',
    'The service. Only to be changed for tests.',
  ),
};
