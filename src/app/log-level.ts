// Switches the log between its usual level and debug while the program runs, at each SIGUSR2.
import type { LogLevel, LogService } from '../service/log.ts';

/**
 * Listens for SIGUSR2 (SIGUSR1 is Node's own). The first one brings debug, or info where debug is usual; the next one the usual
 * level back. Returns the way to stop, after which the signal ends the process again.
 */
export function switchLevelOnSignal(
  service: Pick<LogService, 'log' | 'setLevel'>,
  usual: LogLevel,
): () => void {
  const log = service.log.child('app/log-level');
  const other: LogLevel = usual === 'debug' ? 'info' : 'debug';
  let level = usual;
  const onSignal = () => {
    level = level === usual ? other : usual;
    // Said at a moment when it is written: before a higher level begins to leave it out, after a lower one lets it through.
    if (level === other) service.setLevel(level);
    log.info(`the log level is ${level} from now on`, { usual });
    if (level === usual) service.setLevel(level);
  };
  process.on('SIGUSR2', onSignal);
  return () => process.off('SIGUSR2', onSignal);
}
