// Records what sharp makes of original.png: node record.mjs > results.json, with sharp installed beside it.
// Each case holds our options, the size of sharp's result, and its pixels at the corners and in the middle.
import { readFileSync } from "node:fs";
import sharp from "sharp";

const original = readFileSync(new URL("original.png", import.meta.url));
const boxes = [[40, 40], [40, null], [null, 30], [30, 50], [97, 20], [200, 150], [150, 40], [1, 1]];
const places = ["center", "top", "right top", "right", "right bottom", "bottom", "left bottom", "left", "left top"];
const cases = [];

async function record(options, pipeline) {
  const { data, info } = await pipeline.removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const at = (x, y) => [...data.subarray((y * info.width + x) * info.channels, (y * info.width + x) * info.channels + 3)];
  const [right, bottom] = [info.width - 1, info.height - 1];
  const pixels = [at(0, 0), at(right, 0), at(0, bottom), at(right, bottom), at(right >> 1, bottom >> 1)];
  cases.push({ options, width: info.width, height: info.height, pixels });
}

const resized = (box, fit, enlarge, position) =>
  sharp(original).resize(box[0], box[1], { fit, withoutEnlargement: !enlarge, position, background: "#0080ff" });
const named = ([width, height]) => ({ ...(width && { width }), ...(height && { height }) });

for (const box of boxes)
  for (const fit of ["inside", "cover", "contain", "fill", "outside"])
    for (const enlarge of [false, true])
      await record({ ...named(box), fit, enlarge, background: "#0080ff" }, resized(box, fit, enlarge, "centre"));
for (const focus of places)
  for (const fit of ["cover", "contain"])
    await record({ width: 31, height: 33, fit, focus, background: "#0080ff" }, resized([31, 33], fit, false, focus));
for (const [left, top, width, height] of [[0, 0, 97, 61], [5, 7, 20, 30], [96, 60, 1, 1], [10, 0, 87, 61]]) {
  const crop = { left, top, width, height };
  await record({ crop }, sharp(original).extract(crop));
  await record({ crop, width: 15 }, sharp(original).extract(crop).resize(15, null, { withoutEnlargement: true }));
}
for (const rotate of [90, 180, 270]) {
  await record({ rotate }, sharp(original).rotate(rotate));
  await record({ rotate, width: 20 }, sharp(await sharp(original).rotate(rotate).toBuffer()).resize(20));
  await record({ rotate, flip: "vertical" }, sharp(await sharp(original).rotate(rotate).toBuffer()).flip());
  await record({ rotate, flip: "horizontal" }, sharp(await sharp(original).rotate(rotate).toBuffer()).flop());
}
const padding = { top: 1, right: 2, bottom: 3, left: 4 };
await record({ padding, background: "#0080ff" }, sharp(original).extend({ ...padding, background: "#0080ff" }));
console.log(JSON.stringify({ sharp: sharp.versions.sharp, cases }).replaceAll('{"options"', '\n{"options"'));
