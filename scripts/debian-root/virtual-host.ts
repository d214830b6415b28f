// What stands in for Moonraker, its webcam and the detection service in scripts/debian-root-check.sh. Runs until it is ended.
import process from 'node:process';
import { startVirtualMoonraker } from '../../src/virtual/moonraker.ts';
import { startVirtualOctoEverywhere } from '../../src/virtual/octoeverywhere.ts';
import { createVirtualPrinter } from '../../src/virtual/printer.ts';
import { startVirtualWebcam } from '../../src/virtual/webcam.ts';

const [moonrakerPort, servicePort] = process.argv.slice(2).map(Number);
if (moonrakerPort === undefined || servicePort === undefined) throw new Error('needs two ports');

const printer = createVirtualPrinter();
const webcam = await startVirtualWebcam({ scene: printer.scene });
await startVirtualOctoEverywhere({ apiKey: 'key-of-no-worth', port: servicePort });
await startVirtualMoonraker({
  printer,
  port: moonrakerPort,
  webcams: [
    { name: 'Bed', service: 'mjpegstreamer', snapshot_url: webcam.snapshotUrl, stream_url: webcam.streamUrl },
  ],
});
printer.addFile({ filename: 'benchy.gcode', layers: 60, layerMs: 2_000, heatMs: 1_000, failsFromLayer: 3 });
// SIGUSR1 starts the print, as somebody would in Mainsail.
process.on('SIGUSR1', () => void printer.startPrint('benchy.gcode'));
console.log('ready');
