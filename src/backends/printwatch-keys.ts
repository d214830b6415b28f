// The keys of `[backend printwatch]`.
import { key } from '../core/keys.ts';

/** Settings of the PrintWatch backend, with default, range and meaning. */
export const printwatchKeys = {
  api_key: key.secret(
    'Your PrintWatch key, from printpal.io. It begins with sub_ (subscription) or fmu_ (free).',
    {
      isNeeded: true,
    },
  ),
  notify_threshold: key.float(
    0.3,
    { min: 0.01, max: 1 },
    'Defect level, 0 to 1, from which the service asks for a warning.',
  ),
  action_threshold: key.float(
    0.6,
    { min: 0.01, max: 1 },
    'Defect level, 0 to 1, from which the service calls the print failed. notify_threshold where that is higher.',
  ),
  confidence: key.float(
    0.6,
    { min: 0.01, max: 1 },
    'How sure the service must be of one defect in one picture before it counts it, 0 to 1.',
  ),
  buffer_length: key.int(
    16,
    { min: 2, max: 64 },
    'Pictures that the service looks back on. Nothing is called failed before so many of a print have been judged.',
  ),
  buffer_percent: key.int(
    60,
    { min: 1, max: 100 },
    'How many in a hundred of those pictures must show a defect.',
  ),
  min_interval: key.duration(
    '10s',
    { min: '10s', max: '30m' },
    'Shortest time between two pictures. A free key allows one each 30s, and the service may ask for more.',
  ),
  email_addr: key.text('PrintWatch sends an e-mail to this address when a print fails. Not set: no e-mails.'),
  send_job_name: key.flag(
    false,
    'Send the file name of the print, which PrintWatch shows in its app and e-mails.',
  ),
  enable_feedback_images: key.flag(false, 'Let PrintPal keep the pictures to train its detector.'),
  allow_remote_pause: key.flag(false, 'Pause when that is asked for in the PrintWatch app.'),
  allow_remote_resume: key.flag(false, 'Resume when that is asked for in the PrintWatch app.'),
  allow_remote_cancel: key.flag(false, 'Cancel the print when that is asked for in the PrintWatch app.'),
  url: key.url(
    'https://octoprint.printpal.io',
    'secure',
    'The service. https://ai.printpal.io is its other address.',
  ),
};
