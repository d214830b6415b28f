// Writes small ONNX models: just as much of the format (protobuf, onnx.proto) as the tests need.

/** Element types of onnx.proto. */
const elementTypes = { FP32: 1, UINT8: 2, INT64: 7 } as const;
type ElementType = keyof typeof elementTypes;

/** An input or output. A length without a number is any. */
export interface OnnxValue {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly (number | null)[];
}

/** A constant. */
export interface OnnxConstant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array | BigInt64Array;
}

/** One operation. Whole numbers and lists of them are integer attributes. */
export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
}

/** A model. */
export interface OnnxModel {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly constants: readonly OnnxConstant[];
  readonly nodes: readonly OnnxNode[];
}

/** Operator set 13, IR version 8: every ONNX Runtime of the last years reads them. */
const opset = 13;
const irVersion = 8;

/** The bytes of an `.onnx` file. */
export function onnxFile({ inputs, outputs, constants, nodes }: OnnxModel): Buffer {
  const graph = message(
    ...nodes.map((node) => bytes(1, nodeProto(node))),
    text(2, 'test'),
    ...constants.map((constant) => bytes(5, tensorProto(constant))),
    ...inputs.map((value) => bytes(11, valueInfo(value))),
    ...outputs.map((value) => bytes(12, valueInfo(value))),
  );
  return message(int(1, irVersion), bytes(7, graph), bytes(8, message(text(1, ''), int(2, opset))));
}

function nodeProto({ op, inputs, output, attributes = {} }: OnnxNode): Buffer {
  return message(
    ...inputs.map((name) => text(1, name)),
    text(2, output),
    text(4, op),
    ...Object.entries(attributes).map(([name, value]) => bytes(5, attributeProto(name, value))),
  );
}

function attributeProto(name: string, value: number | readonly number[]): Buffer {
  const [intKind, intsKind] = [2, 7];
  return typeof value === 'number'
    ? message(text(1, name), int(3, value), int(20, intKind))
    : message(text(1, name), ...value.map((each) => int(8, each)), int(20, intsKind));
}

function tensorProto({ name, shape, values }: OnnxConstant): Buffer {
  const type = elementTypes[values instanceof Float32Array ? 'FP32' : 'INT64'];
  const raw = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return message(...shape.map((length) => int(1, length)), int(2, type), text(8, name), bytes(9, raw));
}

function valueInfo({ name, type, shape }: OnnxValue): Buffer {
  const lengths = shape.map((length) => bytes(1, length === null ? text(2, 'any') : int(1, length)));
  const tensor = message(int(1, elementTypes[type]), bytes(2, message(...lengths)));
  return message(text(1, name), bytes(2, bytes(1, tensor)));
}

function message(...fields: readonly Buffer[]): Buffer {
  return Buffer.concat(fields);
}

/** Wire type 0. */
function int(field: number, value: number): Buffer {
  return message(varint(field * 8), varint(value));
}

/** Wire type 2. */
function bytes(field: number, value: Buffer): Buffer {
  return message(varint(field * 8 + 2), varint(value.length), value);
}

function text(field: number, value: string): Buffer {
  return bytes(field, Buffer.from(value));
}

/** Of a number that is not negative. */
function varint(value: number): Buffer {
  const groups: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) groups.push((rest % 128) | 128);
  return Buffer.from([...groups, rest]);
}
