// The virtual Klippy as a process of its own, for the component's tests in Python: `virtual-klippy.ts DATA-FOLDER`.
// It ends with its standard input.
import { join } from 'node:path';
import { startVirtualKlippy } from '../../src/virtual/klippy.ts';
import { createVirtualPrinter } from '../../src/virtual/printer.ts';

const data = process.argv[2] ?? '';
const printer = createVirtualPrinter({ gcodesPath: join(data, 'gcodes'), speed: 20, restartMs: 100 });
printer.addFile({ filename: 'short.gcode', layers: 4, layerMs: 5_000, heatMs: 0, failsFromLayer: null });
const klippy = await startVirtualKlippy({
  printer,
  socketPath: join(data, 'klippy.sock'),
  klipperPath: join(data, 'klipper'),
  configPath: join(data, 'config', 'printer.cfg'),
});
process.stdout.write('listening\n');
process.stdin.resume();
process.stdin.on('end', async () => {
  await klippy.close();
  printer.close();
  process.exit(0);
});
