/** The controls beside the view: plain form elements, so that a keyboard and a screen reader work. */

import { Vector3 } from "three";
import type { HeadData, PartData, VesselsData, ViewerData } from "./data";
import type { Clip, Stage, View } from "./stage";
import type { Paint, Vessels } from "./vessels";

const SHAPES: Record<PartData["owner"], string> = { A: "●", B: "◆", shared: "■", "": "" };

export function panel(host: HTMLElement, stage: Stage, data: ViewerData, vessels: Vessels | null): void {
  const views = standardViews(data.heads);
  const reset: (() => void)[] = [];
  host.append(
    group("Structures", ...data.parts.map((part) => structureRow(stage, part, reset))),
    ...(vessels && data.vessels ? [vesselGroup(stage, data.vessels, vessels, reset)] : []),
    clipGroup(stage, reset),
    viewGroup(stage, views, reset),
  );
}

/** The view at the start: the face of A where it is known. */
export function standardViews(heads: HeadData[]): View[] {
  const up = new Vector3(0, 0, 1);
  const faces = heads.flatMap((head) =>
    head.facing && head.superior
      ? [{ name: `Face of ${head.twin}`, from: new Vector3(...head.facing), up: new Vector3(...head.superior) }]
      : [],
  );
  return [
    ...faces,
    { name: "Front (A)", from: new Vector3(0, -1, 0), up },
    { name: "Back (P)", from: new Vector3(0, 1, 0), up },
    { name: "Left (L)", from: new Vector3(1, 0, 0), up },
    { name: "Right (R)", from: new Vector3(-1, 0, 0), up },
    { name: "Top (S)", from: new Vector3(0, 0, 1), up: new Vector3(0, -1, 0) },
    { name: "Below (I)", from: new Vector3(0, 0, -1), up: new Vector3(0, -1, 0) },
  ];
}

function structureRow(stage: Stage, part: PartData, reset: (() => void)[]): HTMLElement {
  const row = make("div", "row");
  row.dataset["part"] = part.id;
  const shown = input("checkbox", `show-${part.id}`);
  shown.checked = true;
  const label = make("label", "name");
  label.htmlFor = shown.id;
  const swatch = make("span", "swatch");
  swatch.style.background = part.colour;
  const sign = part.owner === "A" || part.owner === "B" ? ` ${SHAPES[part.owner]} ${part.owner}` : part.owner ? ` ${SHAPES[part.owner]} both` : "";
  label.append(swatch, `${part.name}${sign}`);
  const opacity = input("range", `opacity-${part.id}`);
  Object.assign(opacity, { min: "5", max: "100", step: "5", value: String(Math.round(part.opacity * 100)) });
  opacity.setAttribute("aria-label", `Opacity of ${part.name}${sign}`);
  opacity.title = "Opacity";
  shown.addEventListener("change", () => stage.setVisible(part.id, shown.checked));
  opacity.addEventListener("input", () => stage.setOpacity(part.id, Number(opacity.value) / 100));
  reset.push(() => {
    shown.checked = true;
    opacity.value = String(Math.round(part.opacity * 100));
    stage.setVisible(part.id, true);
    stage.setOpacity(part.id, part.opacity);
  });
  row.append(shown, label, opacity);
  return row;
}

function vesselGroup(stage: Stage, data: VesselsData, vessels: Vessels, reset: (() => void)[]): HTMLElement {
  const shown = input("checkbox", "show-vessels");
  const paint = document.createElement("select");
  paint.id = "vessel-paint";
  paint.setAttribute("aria-label", "Colour of the vessel graph");
  const [low, high] = data.range_mmHg;
  for (const [value, words] of [
    ["owner", "whose: ● A, ◆ B, ■ shared"],
    ["pressure", `venous pressure: dark ${low.toFixed(0)} to light ${high.toFixed(0)} mmHg and more`],
    ["direction", "direction of flow (grey: unknown)"],
  ] as const) {
    paint.append(new Option(words, value));
  }
  const step = input("range", "vessel-step");
  Object.assign(step, { min: "0", max: String(data.steps.length - 1), step: "1", value: "0" });
  step.setAttribute("aria-label", "Step of the division");
  const told = make("output", "told");
  const finder = document.createElement("select");
  finder.id = "vessel-find";
  finder.setAttribute("aria-label", "Find a vessel");
  finder.append(new Option("find a vessel, or tap one in the view", ""));
  for (const edge of data.edges) finder.append(new Option(edge.words, edge.id));
  const about = make("output", "told about");
  about.id = "vessel-about";
  const apply = (): void => {
    vessels.group.visible = shown.checked;
    vessels.set(paint.value as Paint, Number(step.value));
    vessels.find(finder.value || null);
    told.textContent = data.steps[Number(step.value)]?.words ?? "";
    about.textContent = finder.value ? vessels.words(finder.value) : "";
    stage.draw();
  };
  finder.addEventListener("input", () => (shown.checked ||= finder.value !== ""));
  stage.onTap((rays) => {
    if (!shown.checked) return;
    finder.value = vessels.pick(rays) ?? "";
    apply();
  });
  for (const item of [shown, paint, step, finder]) item.addEventListener("input", apply);
  // The slider of the vessels' chapter and this one are the same slider.
  document.addEventListener("division-step", (event) => {
    step.value = String((event as CustomEvent<number>).detail);
    apply();
  });
  reset.push(() => {
    shown.checked = false;
    paint.value = "owner";
    step.value = "0";
    finder.value = "";
    apply();
  });
  apply();
  const first = make("div", "row");
  first.append(shown, labelFor(shown, "Show the vessel graph"));
  return group("Vessels and division", first, paint, step, told, finder, about);
}

function clipGroup(stage: Stage, reset: (() => void)[]): HTMLElement {
  const on = input("checkbox", "clip-on");
  const axis = document.createElement("select");
  axis.id = "clip-axis";
  axis.setAttribute("aria-label", "Direction of the clip plane");
  for (const [value, words] of [
    ["z", "head to foot (S–I)"],
    ["y", "front to back (A–P)"],
    ["x", "side to side (R–L)"],
  ] as const) {
    axis.append(new Option(words, value));
  }
  const place = input("range", "clip-place");
  Object.assign(place, { min: "0", max: "100", step: "1", value: "50" });
  place.setAttribute("aria-label", "Position of the clip plane");
  const flip = input("checkbox", "clip-flip");
  const told = make("output", "told");
  const apply = (): void => {
    const clip: Clip = {
      on: on.checked,
      axis: axis.value as Clip["axis"],
      share: Number(place.value) / 100,
      flip: flip.checked,
    };
    const at = stage.setClip(clip);
    told.textContent = on.checked ? `${clip.axis} = ${at.toFixed(0)} mm` : "off";
  };
  for (const item of [on, axis, place, flip]) item.addEventListener("input", apply);
  reset.push(() => {
    on.checked = flip.checked = false;
    axis.value = "z";
    place.value = "50";
    apply();
  });
  apply();
  const first = make("div", "row");
  first.append(on, labelFor(on, "Clip the view"), told);
  const third = make("div", "row");
  third.append(flip, labelFor(flip, "Show the other side"));
  return group("Clip plane", first, axis, place, third);
}

function viewGroup(stage: Stage, views: View[], reset: (() => void)[]): HTMLElement {
  const buttons = make("div", "buttons");
  for (const view of views) buttons.append(button(view.name, () => stage.look(view)));
  const marks = input("checkbox", "show-marks");
  marks.checked = true;
  marks.addEventListener("change", () => stage.setMarksVisible(marks.checked));
  const letters = make("div", "row");
  letters.append(marks, labelFor(marks, "Letters in the view"));
  const first = views[0];
  const last = make("div", "buttons");
  last.append(
    button("Reset all", () => {
      for (const step of reset) step();
      marks.checked = true;
      stage.setMarksVisible(true);
      if (first) stage.look(first);
    }),
    button("Save picture", () => {
      const link = document.createElement("a");
      link.href = stage.picture();
      link.download = "separatrix-view.png";
      link.click();
    }),
  );
  return group("Views", buttons, letters, last);
}

function group(title: string, ...content: HTMLElement[]): HTMLElement {
  const set = document.createElement("fieldset");
  const legend = document.createElement("legend");
  legend.textContent = title;
  set.append(legend, ...content);
  return set;
}

function make<K extends keyof HTMLElementTagNameMap>(tag: K, name: string): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.className = name;
  return element;
}

function input(type: string, id: string): HTMLInputElement {
  const element = document.createElement("input");
  element.type = type;
  element.id = id;
  return element;
}

function labelFor(element: HTMLInputElement, words: string): HTMLLabelElement {
  const label = make("label", "name");
  label.htmlFor = element.id;
  label.textContent = words;
  return label;
}

function button(words: string, act: () => void): HTMLButtonElement {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = words;
  element.addEventListener("click", act);
  return element;
}
