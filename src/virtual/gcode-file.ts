// Writes the G-code file of a virtual print: a header, the start, layers of moves, the end.

/** A print that a virtual printer can run. */
export interface VirtualPrint {
  /** Relative to the gcodes folder, such as `benchy.gcode`. */
  filename: string;
  /** 1 or more. */
  layers: number;
  /** ms that one layer takes, before the printer's speed is applied. */
  layerMs: number;
  /** ms that heating takes, with the G-code lock held; 0 for none. */
  heatMs: number;
  /** From this layer on it fails (spaghetti); null for a good print. */
  failsFromLayer: number | null;
  /** G-code lines before the first move of a layer, such as `M600` or `G1 X9999`; `current_layer` still reads the one before. */
  events?: readonly { layer: number; gcode: string }[];
}

/** Side of the printed square in mm. */
const side = 40;
const layerHeight = 0.2;
/** mm of filament that each move uses. */
export const filamentPerMove = 0.4;

/** How many moves a layer of `layerMs` has: one each half second, 4 to 40. */
export function movesPerLayer(layerMs: number): number {
  return Math.min(40, Math.max(4, Math.round(layerMs / 500)));
}

/** The text of the file. ASCII, lines end with `\n`. Progress by file position starts above 0, as with a real slicer. */
export function writeGcodeFile(print: VirtualPrint): string {
  const moves = movesPerLayer(print.layerMs);
  const feedrate = (side / Math.max(print.layerMs / moves, 0.01)) * 60_000;
  const corners = [
    [90, 90],
    [90 + side, 90],
    [90 + side, 90 + side],
    [90, 90 + side],
  ] as const;
  const lines = [
    `; ${print.filename}: ${print.layers} layers for a virtual printer`,
    ...Array.from({ length: 8 }, (_, row) => `; ${String(row).padStart(2, '0')} ${'-'.repeat(60)}`),
    `SET_PRINT_STATS_INFO TOTAL_LAYER=${print.layers} CURRENT_LAYER=0`,
    'EXCLUDE_OBJECT_DEFINE NAME=part CENTER=110,110 POLYGON=[[90,90],[130,90],[130,130],[90,130]]',
    `START_PRINT BED_TEMP=60 EXTRUDER_TEMP=210 HEAT_MS=${print.heatMs}`,
    `G1 X90 Y90 F30000`,
  ];
  for (let layer = 1; layer <= print.layers; layer += 1) {
    lines.push(';LAYER_CHANGE', `;Z:${(layer * layerHeight).toFixed(2)}`);
    if (layer > 1) lines.push(`M73 P${Math.floor(((layer - 1) / print.layers) * 100)}`);
    for (const event of print.events ?? []) if (event.layer === layer) lines.push(event.gcode);
    lines.push(`SET_PRINT_STATS_INFO CURRENT_LAYER=${layer}`);
    lines.push('EXCLUDE_OBJECT_START NAME=part', `G1 Z${(layer * layerHeight).toFixed(2)} F6000`);
    for (let move = 0; move < moves; move += 1) {
      const [x, y] = corners[(move + 1) % corners.length] ?? corners[0];
      lines.push(`G1 X${x} Y${y} E${filamentPerMove} F${feedrate.toFixed(2)}`);
    }
    lines.push('EXCLUDE_OBJECT_END NAME=part');
  }
  lines.push('END_PRINT', '');
  return lines.join('\n');
}
