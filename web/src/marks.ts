/** Letters that float in the view: patient directions, and each child's letter with its shape. */

import { CanvasTexture, LinearFilter, Sprite, SpriteMaterial, SRGBColorSpace, Vector3 } from "three";

export interface Mark {
  sprite: Sprite;
  /** Height on screen in pixels. */
  pixels: number;
  /** The direction it stands for, where it stands for one. */
  way?: Vector3;
}

/** A sprite with words on a plate, always facing the reader and never hidden. */
export function mark(words: string, at: Vector3, style: { ink: string; plate: string; pixels: number }): Mark {
  const height = 64;
  const canvas = document.createElement("canvas");
  const font = `bold ${height * 0.72}px system-ui, "DejaVu Sans", sans-serif`;
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("no 2D canvas");
  pen.font = font;
  canvas.width = Math.ceil(Math.max(height, pen.measureText(words).width + height * 0.5));
  canvas.height = height;
  pen.font = font;
  pen.fillStyle = style.plate;
  pen.beginPath();
  pen.roundRect(0, 0, canvas.width, height, height * 0.25);
  pen.fill();
  pen.fillStyle = style.ink;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(words, canvas.width / 2, height * 0.54);
  const texture = new CanvasTexture(canvas);
  texture.colorSpace = SRGBColorSpace;
  texture.minFilter = LinearFilter;
  const material = new SpriteMaterial({ map: texture, depthTest: false, depthWrite: false, transparent: true });
  const sprite = new Sprite(material);
  sprite.position.copy(at);
  sprite.renderOrder = 1000;
  sprite.userData["aspect"] = canvas.width / height;
  return { sprite, pixels: style.pixels };
}

/** Keep a mark's size on screen, whatever the zoom. */
export function keepSize(item: Mark, millimetresPerPixel: number): void {
  const height = item.pixels * millimetresPerPixel;
  item.sprite.scale.set(height * (item.sprite.userData["aspect"] as number), height, 1);
}
